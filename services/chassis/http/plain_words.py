"""What was wrong with an input, field by field, in Chinese that the person who typed it understands."""

from pydantic import ValidationError

_REASONS = {
    "missing": "必须填写",
    "extra_forbidden": "没有这个字段",
    "string_type": "应为文字",
    "string_too_short": "太短，至少 {min_length} 个字",
    "string_too_long": "太长，最多 {max_length} 个字",
    "string_pattern_mismatch": "格式不对",
    "nothing_seen": "里面没有能看见的内容",
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "int_from_float": "应为整数",
    "float_type": "应为数字",
    "float_parsing": "应为数字",
    "finite_number": "应为数字",
    "bool_type": "应为 true 或 false",
    "bool_parsing": "应为 true 或 false",
    "greater_than": "应大于 {gt}",
    "greater_than_equal": "应不小于 {ge}",
    "less_than": "应小于 {lt}",
    "less_than_equal": "应不大于 {le}",
    "literal_error": "只能是 {expected}",
    "enum": "只能是 {expected}",
    "too_short": "太少，至少 {min_length} 项",
    "too_long": "太多，最多 {max_length} 项",
    "datetime_parsing": "应为日期时间，如 2026-01-31T09:00:00+08:00",
    "datetime_from_date_parsing": "应为日期时间，如 2026-01-31T09:00:00+08:00",
    "timezone_aware": "日期时间要带时区，如 +08:00",
    "date_from_datetime_parsing": "应为日期，如 2026-01-31",
    "date_parsing": "应为日期，如 2026-01-31",
    "date_type": "应为日期，如 2026-01-31",
    "list_type": "应为列表",
    "tuple_type": "应为列表",
    "dict_type": "应为键值对",
    "model_type": "应为对象",
    "model_attributes_type": "应为对象",
}


def in_plain_words(error: ValidationError) -> list[dict[str, str]]:
    """Return every mistake as field, stable rule and Chinese reason; never the value itself."""
    rows = error.errors(include_url=False, include_input=False)
    return [
        {
            "field": ".".join(str(part) for part in row["loc"]),
            "rule": row["type"],
            "reason": _reason(row["type"], dict(row.get("ctx", {})), row["msg"]),
        }
        for row in rows[:50]
    ]


def _reason(rule: str, context: dict[str, object], message: str) -> str:
    if rule == "value_error":
        return str(context.get("error", message))
    known = _REASONS.get(rule)
    return known.format_map(context) if known else "不符合要求"
