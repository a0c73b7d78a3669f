"""Why a value does not fit the format, in Chinese a person at the community can act on."""

from collections.abc import Mapping

from pydantic_core import ErrorDetails

_REASONS: Mapping[str, str] = {
    "missing": "缺少必填的字段",
    "extra_forbidden": "不认识的字段（请对照文档检查拼写）",
    "model_type": "这里应当是一组“字段: 值”",
    "model_attributes_type": "这里应当是一组“字段: 值”",
    "dict_type": "这里应当是一组“字段: 值”",
    "tuple_type": "这里应当是列表（以 - 开头，或用方括号）",
    "list_type": "这里应当是列表（以 - 开头，或用方括号）",
    "string_type": "应当是文字；数字、true、null 请加引号",
    "string_too_short": "不能为空，至少 {min_length} 个字",
    "string_too_long": "太长，最多 {max_length} 个字",
    "string_pattern_mismatch": "只能用小写字母、数字和连字符，以字母或数字开头，最多 48 个字符",
    "int_type": "应当是整数",
    "int_parsing": "应当是整数",
    "int_from_float": "应当是整数，不能带小数",
    "float_type": "应当是数字",
    "float_parsing": "应当是数字",
    "bool_type": "只能是 true 或 false",
    "bool_parsing": "只能是 true 或 false",
    "greater_than": "必须大于 {gt}",
    "greater_than_equal": "不能小于 {ge}",
    "less_than_equal": "不能大于 {le}",
    "too_short": "至少要有 {min_length} 项，现在有 {actual_length} 项",
    "too_long": "最多 {max_length} 项",
    "literal_error": "只能是 {expected} 之一",
    "date_type": "应当是日期，写作 2026-01-31",
    "date_parsing": "应当是日期，写作 2026-01-31",
    "date_from_datetime_parsing": "应当是日期，写作 2026-01-31，且真有这一天",
    "date_from_datetime_inexact": "应当是日期，不带时间",
    "time_type": "应当是时间，写作 08:30",
    "time_parsing": "应当是时间，写作 08:30",
}


_PATTERNS: Mapping[str, str] = {
    r"^[0-9][0-9 -]{1,18}[0-9]$": "应当是电话号码，只用数字、空格和连字符，如 0359-5520119，并加引号",
    r"^[A-Za-z0-9._:-]{1,64}$": "应当是登录代号：字母、数字和 . _ : -，最多 64 个字符",
}


def reason_in_chinese(error: ErrorDetails) -> str:
    """The reason for one validation error; falls back to what the validator said."""
    context = error.get("ctx", {})
    if error["type"] == "string_pattern_mismatch" and context.get("pattern") in _PATTERNS:
        return _PATTERNS[context["pattern"]]
    template = _REASONS.get(error["type"])
    if template is None:
        return f"不符合要求：{error['msg']}"
    return template.format(**{**context, "expected": _alternatives(str(context.get("expected", "")))})


def _alternatives(expected: str) -> str:
    return expected.replace(" or ", "、").replace(", ", "、").replace("'", "")
