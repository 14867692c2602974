"""Outputs of the networks as quality metrics compare them."""


def face_boxes(outputs):
    """Rows image, class, score, corners -> class, score, corners; what follows the last is padding."""
    rows = outputs["detection_out"][:, 0, 0, :, 1:].copy()
    rows[rows[..., 1] <= 0, 0] = -1
    return {"boxes": rows}


def unit_image(outputs):
    """0..255 -> 0..1."""
    return {"image": outputs["Identity"] / 255}
