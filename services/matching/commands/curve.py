"""The reliability curve as a picture: how sure, against how often right."""

from collections.abc import Sequence
from xml.sax.saxutils import escape

from services.matching.domain.confidence import Bin

SIDE = 400
MARGIN = 60
RADIUS_MAX = 14


def draw_curve(bins: Sequence[Bin], title: str = "reliability 可靠性") -> str:
    """Return an SVG: a dot a bin, as large as it has demands, and the line on which confidence is honest."""
    most = max((one.count for one in bins), default=1)
    dots = [_dot(one, most) for one in bins]
    path = " ".join(f"{_x(one.confidence):.1f},{_y(one.right):.1f}" for one in bins)
    size = SIDE + 2 * MARGIN
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" font-family="sans-serif">',
            f'<rect width="{size}" height="{size}" fill="white"/>',
            f'<text x="{size / 2}" y="30" text-anchor="middle" font-size="18">{escape(title)}</text>',
            *_grid(),
            f'<line x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}" '
            'stroke="#999" stroke-dasharray="6 4"/>',
            f'<polyline points="{path}" fill="none" stroke="#06c" stroke-width="2"/>',
            *dots,
            f'<text x="{size / 2}" y="{size - 12}" text-anchor="middle" '
            'font-size="14">confidence 把握</text>',
            f'<text x="16" y="{size / 2}" text-anchor="middle" font-size="14" '
            f'transform="rotate(-90 16 {size / 2})">right 实际正确</text>',
            "</svg>",
            "",
        ]
    )


def _grid() -> list[str]:
    lines = []
    for tenth in range(0, 11, 2):
        at = tenth / 10
        lines.append(f'<line x1="{_x(at)}" y1="{_y(0)}" x2="{_x(at)}" y2="{_y(1)}" stroke="#eee"/>')
        lines.append(f'<line x1="{_x(0)}" y1="{_y(at)}" x2="{_x(1)}" y2="{_y(at)}" stroke="#eee"/>')
        lines.append(
            f'<text x="{_x(at)}" y="{_y(0) + 18}" text-anchor="middle" font-size="12">{at:.1f}</text>'
        )
        lines.append(
            f'<text x="{_x(0) - 8}" y="{_y(at) + 4}" text-anchor="end" font-size="12">{at:.1f}</text>'
        )
    return lines


def _dot(one: Bin, most: int) -> str:
    radius = max(3.0, RADIUS_MAX * (one.count / most) ** 0.5)
    told = f"{one.count}: {one.confidence:.3f} / {one.right:.3f}"
    return (
        f'<circle cx="{_x(one.confidence):.1f}" cy="{_y(one.right):.1f}" r="{radius:.1f}" '
        f'fill="#06c" fill-opacity="0.5"><title>{told}</title></circle>'
    )


def _x(share: float) -> float:
    return MARGIN + SIDE * share


def _y(share: float) -> float:
    return MARGIN + SIDE * (1 - share)
