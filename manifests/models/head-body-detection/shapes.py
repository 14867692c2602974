"""Antialiased shapes on a canvas of numpy: ellipses, capsules and boxes, shaded, and their masks.

Coordinates are pixels, x to the right, y down; the centre of pixel (0, 0) is at (0.5, 0.5).
A shape is drawn only inside its bounding rectangle, so a small one costs little.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Mask = NDArray[np.bool_]
Point = tuple[float, float]
Area = tuple[slice, slice]


@dataclass(frozen=True, kw_only=True)
class Paint:
    """A colour `[3]` in 0..255, and what is done to it across the shape.

    `other` is the second colour of stripes `period` pixels long in direction `angle` (radian;
    squares, if `squares`); `shade` darkens the side away from `light`, a direction, by up to that
    share.
    """

    color: Array
    other: Array | None = None
    period: float = 6.0
    angle: float = 0.0
    squares: bool = False
    shade: float = 0.0
    light: Point = (-1.0, -0.5)


class Canvas:
    """Pixels `[3, H, W]`, 0..255, and the masks of what was drawn since `start`."""

    def __init__(self, height: int, width: int) -> None:
        self.pixels: Array = np.zeros((3, height, width), np.float32)
        self.y: Array = np.arange(height, dtype=np.float32)[:, None] + np.float32(0.5)
        self.x: Array = np.arange(width, dtype=np.float32)[None, :] + np.float32(0.5)
        self.mask = self.start()

    def start(self) -> Mask:
        """An empty mask that everything drawn from now on is added to."""
        self.mask = np.zeros(self.pixels.shape[1:], bool)
        return self.mask

    def ellipse(
        self,
        center: Point,
        radii: Point,
        paint: Paint,
        *,
        tilt: float = 0.0,
        above: float = np.inf,
        power: float = 2.0,
    ) -> None:
        """A filled (super-)ellipse turned by `tilt` radian; only its part above row `above`.

        `power` 2 is an ellipse; higher ones tend to a rectangle.
        """
        area = self._area(
            center, max(radii) * (1 if tilt == 0 else 1.05), radii if not tilt else None
        )
        if area is None:
            return
        x, y = self.x[:, area[1]] - center[0], self.y[area[0]] - center[1]
        if tilt:
            c, s = np.float32(np.cos(tilt)), np.float32(np.sin(tilt))
            x, y = x * c + y * s, y * c - x * s
        u, v = np.abs(x / radii[0]), np.abs(y / radii[1])
        if power == 2.0:
            r = np.sqrt(u * u + v * v)
        elif power == 4.0:
            r = np.sqrt(np.sqrt(u**4 + v**4))
        else:
            r = np.maximum(u, v) + np.zeros_like(u * v)
        alpha = np.clip((1 - r) * min(radii) + 0.5, 0, 1)
        if above < np.inf:
            alpha = alpha * np.clip(above - self.y[area[0]] + 0.5, 0, 1)
        self._fill(area, alpha, paint, center, radii)

    def capsule(self, start: Point, end: Point, widths: Point, paint: Paint) -> None:
        """A limb: a line from `start` to `end` with round ends, whose half widths are `widths`."""
        thick = max(widths)
        center = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
        half = (abs(end[0] - start[0]) / 2 + thick, abs(end[1] - start[1]) / 2 + thick)
        area = self._area(center, thick, half)
        if area is None:
            return
        dx, dy = end[0] - start[0], end[1] - start[1]
        x, y = self.x[:, area[1]] - start[0], self.y[area[0]] - start[1]
        along = np.clip((x * dx + y * dy) / (dx * dx + dy * dy + 1e-6), 0, 1)
        distance = np.sqrt((x - along * dx) ** 2 + (y - along * dy) ** 2)
        radius = widths[0] + (widths[1] - widths[0]) * along
        self._fill(area, np.clip(radius - distance + 0.5, 0, 1), paint, center, half)

    def box(self, corner: Point, opposite: Point, paint: Paint) -> None:
        """An upright rectangle."""
        center = ((corner[0] + opposite[0]) / 2, (corner[1] + opposite[1]) / 2)
        half = (abs(opposite[0] - corner[0]) / 2, abs(opposite[1] - corner[1]) / 2)
        area = self._area(center, max(half), half)
        if area is None:
            return
        across = np.clip(half[0] - np.abs(self.x[:, area[1]] - center[0]) + 0.5, 0, 1)
        down = np.clip(half[1] - np.abs(self.y[area[0]] - center[1]) + 0.5, 0, 1)
        self._fill(area, across * down, paint, center, half)

    def _area(self, center: Point, reach: float, half: Point | None = None) -> Area | None:
        """The pixels within `half` of the centre, or `reach` all around; None if there are none."""
        across, down = half or (reach, reach)
        height, width = self.pixels.shape[1:]
        top, bottom = int(center[1] - down) - 1, int(center[1] + down) + 2
        left, right = int(center[0] - across) - 1, int(center[0] + across) + 2
        top, left, bottom, right = max(top, 0), max(left, 0), min(bottom, height), min(right, width)
        if top >= bottom or left >= right:
            return None
        return slice(top, bottom), slice(left, right)

    def _fill(self, area: Area, alpha: Array, paint: Paint, center: Point, radii: Point) -> None:
        color = paint.color[:, None, None]
        x, y = self.x[:, area[1]] - center[0], self.y[area[0]] - center[1]
        if paint.other is not None:
            c, s = np.float32(np.cos(paint.angle)), np.float32(np.sin(paint.angle))
            wave = ((x * c + y * s) / paint.period) % 1 < 0.5
            if paint.squares:
                wave = wave ^ (((y * c - x * s) / paint.period) % 1 < 0.5)
            color = np.where(wave, color, paint.other[:, None, None])
        if paint.shade:
            slope = x * (paint.light[0] / radii[0]) + y * (paint.light[1] / radii[1])
            dark = paint.shade * np.clip(0.5 - 0.5 * slope, 0, 1)
            color = color * np.asarray(1 - dark, np.float32)
        inside = self.pixels[:, area[0], area[1]]
        inside += alpha * (color - inside)
        self.mask[area] |= alpha > 0.5
