"""How the API itself says no, before any rule is asked: a closed list, each with its stable slug."""

from services.contracts.refusal import Invalid, Refused


class MalformedJson(Refused):
    """The body is not JSON."""

    slug = "malformed_json"
    status = 400
    title = "请求内容不是有效的 JSON"


class UnreadableBody(Refused):
    """The body does not arrive whole."""

    slug = "unreadable_body"
    status = 400
    title = "请求内容没有完整送达，或与声明的编码不符"


class InvalidBody(Invalid):
    """Fields are missing, of the wrong type, out of bounds or unknown; `errors` lists the first 50."""

    slug = "invalid_body"
    title = "填写的内容不符合要求"


class InvalidQuery(Invalid):
    """The query string is wrong; `errors` lists all of it."""

    slug = "invalid_query"
    title = "查询条件不符合要求"


class InvalidHeader(Invalid):
    """A header that steers the request is wrong."""

    slug = "invalid_header"
    status = 400
    title = "请求头不符合要求"


class BodyTooLarge(Refused):
    """The body is larger than anybody needs, in bytes or in parts."""

    slug = "body_too_large"
    status = 413
    title = "请求内容太大"


class WrongMedia(Refused):
    """The body is not of the media type that the route takes."""

    slug = "unsupported_media_type"
    status = 415
    title = "不支持这种内容类型"


class EncodingRefused(Refused):
    """The body is packed (RFC 9110, 8.4): nobody needs that here, and unpacking it would be dear."""

    slug = "content_encoding_refused"
    status = 415
    title = "请求内容不能压缩，请去掉 Content-Encoding 后再发"


class BodyTooSlow(Refused):
    """The body did not arrive in time (RFC 9110, 15.5.9)."""

    slug = "request_timeout"
    status = 408
    title = "请求内容送达太慢，请用同一个幂等键重试"


class MethodNotAllowed(Refused):
    """The address exists, this method does not."""

    slug = "method_not_allowed"
    status = 405
    title = "不支持这种请求方法"


class Unavailable(Refused):
    """A server behind us does not answer in time: what was asked may be done; repeat it with the same key."""

    slug = "temporarily_unavailable"
    status = 503
    title = "系统暂时繁忙，请稍后用同一个幂等键重试"


class InternalError(Refused):
    """Our fault; it is in the log."""

    slug = "internal_error"
    status = 500
    title = "系统出错了，我们已经记下"
