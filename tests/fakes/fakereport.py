"""Documents of made-up variants, with everything that reports draw: seeded, so always the same."""

import base64
import json
import math
import random
import struct
import zlib

HEX = "0123456789abcdef"


def png(width, height, color):
    """A picture: `color(x, y)` gives (red, green, blue) in 0..255."""
    rows = b"".join(
        b"\0" + bytes(v for x in range(width) for v in color(x, y)) for y in range(height)
    )

    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    data += chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")
    return {"width": width, "height": height, "png": base64.b64encode(data).decode()}


def finding(metric, value, limit, verdict="passed", **more):
    sign, _, bound = limit.partition(" ")
    row = {
        "metric": metric, "value": value, "unit": "", "limit": limit, "verdict": verdict,
        "evidence": "emulated", "output": "", "detail": "", "baseline": None, "interval": None,
        "bound": float(bound.partition(",")[0].split()[0]) if sign in (">=", "<=") else None,
    }  # fmt: skip
    return {**row, **more}


def measurement(metric, value, **more):
    row = {"metric": metric, "value": value, "evidence": "emulated", "output": "", "baseline": None,
           "detail": "", "interval": None}  # fmt: skip
    return {**row, **more}


def digest(rng):
    return "".join(rng.choice(HEX) for _ in range(64))


def variant(
    label="int8", *, accepted=True, seed=1, layers=48, model="head-body", target="board-50"
):
    """A whole document, as `edgebuild.report.document` makes it."""
    rng = random.Random(seed)
    name = f"{model}/{target}/{label}" if label else f"{model}/{target}"
    document = {
        "schema": "edgebuild-report/1",
        "name": name,
        "model": model,
        "target": target,
        "label": label,
        "backend": "qnn_dlc",
        "accepted": accepted,
        "about": {
            "model": {"version": "1.2.0", "license": "Apache-2.0",
                      "description": "Heads and bodies of the people in a meeting room"},
            "target": {"description": "A video bar", "device": {"vendor": "Qualcomm", "soc": "QCS8250"}},
            "edgebuild": "0.1.0",
            "tools": {"onnx": {"onnx": "1.23.2", "numpy": "2.4.1"}, "qnn": {"onnxruntime-qnn": "1.24.1"}},
        },
        "findings": findings(accepted),
        "measurements": measurements(),
        "details": details(rng, layers),
        "missing": {"latency": "no device is attached"} if not accepted else {},
        "contract": {
            "inputs": [{"name": "image", "shape": [1, 144, 256, 3], "dtype": "uint8", "layout": "NHWC",
                        "color": "RGB", "mean": [], "scale": [], "unit": ""}],
            "outputs": [
                {"name": n, "shape": [1, c, 36, 64], "dtype": "float32", "layout": "NCHW",
                 "color": "none", "mean": [], "scale": [], "unit": unit}
                for n, c, unit in (("heatmap", 2, ""), ("size", 4, "log2 of pixels"))
            ],
        },
        "placement": stages(rng, layers),
        "pipeline": pipeline(rng, name),
        "files": [
            {"name": "model.dlc", "sha256": digest(rng), "size_bytes": 412_384 + 9_000 * seed},
            {"name": "contract.json", "sha256": digest(rng), "size_bytes": 812},
        ],
        "waivers": [
            {"metric": "parity.sqnr_db", "reason": "offset is refined later", "owner": "ada@example.org",
             "expires": "2027-03-31"},
        ],
        "shown": {"gallery": gallery(rng)},
        "diagnosis": [],
    }  # fmt: skip
    if not accepted:
        document["diagnosis"] = [
            {"cause": "channels of the calibration data are swapped",
             "evidence": "fed as BGR, the source agrees with the artifact to 31.2 dB instead of 9.4"},
            {"cause": "layer `Conv_17` saturates in 8 bits",
             "evidence": "14 % of its values are clipped, the next worst has 0.2 %"},
        ]  # fmt: skip
    return json.loads(json.dumps(document))


def findings(accepted):
    rows = [
        finding("contract.mismatches", 0.0, "<= 0", evidence="host"),
        finding("parity.sqnr_db", 31.25, ">= 22, by emulated or device", unit="dB", output="heatmap"),
        finding("parity.sqnr_db", 20.9, ">= 22, by emulated or device", "waived", unit="dB",
                output="offset",
                detail="below 22; waived by ada@example.org until 2027-03-31: offset is refined later"),
        finding("quality.map50", 0.9471, ">= 0.9, drop <= 0.03", baseline=0.9453,
                interval=(0.921, 0.968)),
        finding("placement.fallback_ops", 0.0, "<= 0", evidence="host"),
        finding("size.bytes", 412384.0, "<= 600 kB", unit="bytes", evidence="host", bound=600_000.0),
        finding("latency.ms_p50", 4.2, "<= 20", unit="ms", evidence="estimated"),
    ]  # fmt: skip
    if not accepted:
        rows[3] = finding(
            "quality.map50",
            0.8621,
            ">= 0.9, drop <= 0.03",
            "failed",
            baseline=0.9453,
            interval=(0.829, 0.893),
            detail="below 0.9; 0.0832 worse than the source's 0.9453",
        )
        rows[6] = finding("latency.ms_p50", None, "<= 20", "unproven", unit="ms", evidence=None,
                          detail="no device is attached")  # fmt: skip
    return rows


def measurements():
    rows = []
    for output, db, largest, mean, cosine in (
        ("heatmap", 31.25, 0.0871, 0.0011, 0.99962), ("size", 44.1, 0.214, 0.012, 0.99998),
        ("offset", 20.9, 0.31, 0.021, 0.9951),
    ):  # fmt: skip
        figures = {"sqnr_db": db, "max_abs": largest, "mean_abs": mean, "cosine": cosine}
        rows += [measurement(f"parity.{k}", v, output=output) for k, v in figures.items()]
    return [
        *rows,
        measurement("quality.map50", 0.9471, baseline=0.9453, interval=(0.921, 0.968)),
        measurement("quality.recall", 0.963, baseline=0.966, interval=(0.941, 0.981)),
        measurement("latency.ms_p50", 4.2, evidence="host"),
        measurement("latency.ms_p99", 5.9, evidence="host"),
        measurement("size.bytes", 412384.0, evidence="host"),
        measurement("placement.fallback_ops", 0.0, evidence="host"),
        measurement("placement.nce_stages", None, evidence="host", detail="nothing runs on a Myriad X here"),
    ]  # fmt: skip


def details(rng, layers):
    names = [f"/stride{4 * 2 ** (i // 16)}/block.{i}/Conv_output_0" for i in range(layers)]
    cost, rows = [], []
    for i, name in enumerate(names):
        macs = int(10 ** rng.uniform(5, 7.2))
        traffic = int(macs / rng.uniform(4, 60))
        rows.append(
            {"name": name, "op": rng.choice(["Conv", "Relu", "Add"]), "layer": f"Conv_{i}", "depth": i,
             "sqnr_db": 52 - 24 * i / layers + rng.gauss(0, 2.5) - 16 * (i == layers // 3),
             "max_abs": rng.random(), "mean_abs": rng.random() / 50, "cosine": 1 - rng.random() / 500,
             "nonfinite": 0, "nonfinite_source": 0}
        )  # fmt: skip
        ms = max(2 * macs / 15e12, traffic / 25e9) * 1e3
        cost.append(
            {"name": f"Conv_{i}", "op": rows[-1]["op"], "output": name, "macs": macs, "params": macs // 900,
             "weight_bytes": macs // 900, "input_bytes": traffic // 2, "output_bytes": traffic // 3,
             "traffic_bytes": traffic, "intensity": 2 * macs / traffic, "precision": "int8", "ms": ms,
             "bound": "compute" if 2 * macs / traffic > 600 else "memory", "engine": ""}
        )  # fmt: skip
    rows[0]["sqnr_db"] = "inf"
    total = sum(c["traffic_bytes"] for c in cost)
    return {
        "parity": {
            "outputs": {
                name: {"sqnr_db_by_sample": [db + rng.gauss(0, 1.5) for _ in range(64)]}
                for name, db in (("heatmap", 31.25), ("size", 44.1), ("offset", 20.9))
            },
            "layers": {"evidence": "emulated", "samples": 8, "rows": rows, "unmatched": ["/up8/Concat_output_0"]},
        },
        "cost": {
            "layers": cost,
            "totals": {
                "macs": sum(c["macs"] for c in cost), "params": 312_400, "weight_bytes": 312_400,
                "peak_activation_bytes": 1_179_648, "traffic_bytes": total, "ms": sum(c["ms"] for c in cost),
                "intensity": 2 * sum(c["macs"] for c in cost) / total,
                "traffic": {"input": 110_592, "weights": 312_400, "activations": total - 500_000,
                            "output": 92_160},
            },
            "roofline": {"precision": "int8", "peak_gops": 15_000, "bandwidth_gb_s": 25.0,
                         "source": "the vendor's description: 15 TOPS; 4 channels LPDDR4X"},
        },
        "latency": {
            "by": "onnxruntime", "evidence": "host", "cpu": "a CPU of 4 cores", "warmup_ms": 12.81, "runs": 200,
            "ms": sorted(4.0 + 0.5 * rng.random() + rng.expovariate(2.4) for _ in range(200)), "note": "",
        },
        "quality": {
            "samples": 64,
            "metrics": {"map50": {"source": 0.9453, "optimised": 0.9453, "artifact": 0.9471},
                        "recall": {"source": 0.966, "optimised": 0.966, "artifact": 0.963}},
            "confusion": {"labels": ["none", "head", "body"],
                          "source": [[310, 3, 2], [5, 141, 1], [2, 0, 132]],
                          "artifact": [[308, 4, 3], [8, 138, 1], [3, 0, 131]]},
        },
        "numeric": {
            "samples": 64,
            "tensors": [
                {"name": name, "layer": f"Conv_{i}", "kind": "value", "elements": 10_000, "overflow": 0, "nan": 0,
                 "subnormal": 40 * (i == 5), "max_abs": 10 ** rng.uniform(-1, 2.5),
                 "clipped": 140 * (i in (7, 17)), "clipped_low": 0, "clipped_high": 0}
                for i, name in enumerate(names)
            ],
        },
        "placement": {"engines": {"HTP": layers - 2, "CPU": 2}, "stages": [],
                      "macs_by_engine": {"HTP": 61e6, "CPU": 1.1e6}, "ms_by_engine": {"HTP": 3.1, "CPU": 1.0}},
    }  # fmt: skip


def stages(rng, layers):
    return [
        {"name": f"Conv_{i}", "op": "Conv2d", "engine": "CPU" if i in (9, 30) else "HTP", "layer": f"Conv_{i}",
         "fallback": i in (9, 30), "reason": "its scale differs from its input's" if i in (9, 30) else ""}
        for i in range(layers)
    ]  # fmt: skip


def pipeline(rng, name):
    model = name.partition("/")[0]
    return [
        {"step": step, "kind": kind, "how": how, "seconds": seconds, "key": digest(rng), "reasons": [],
         "outputs": {port: {"sha256": digest(rng), "size_bytes": size}}, "tools": "onnx"}
        for step, kind, how, seconds, port, size in (
            (f"{model}/source", "source/torch", "restored", 3.81, "model", 1_282_113),
            (f"{model}/evaluation", "data/python", "restored", 1.92, "dataset", 28_311_921),
            (f"{name}/quantize_int8", "pass/quantize_int8", "built", 6.17, "model", 431_202),
            (f"{name}/qnn_dlc", "backend/qnn_dlc", "built", 2.4, "dlc", 412_384),
            (f"{name}/run", "runtime/qnn_htp", "built", 31.2, "actual", 7_311_204),
            (f"{name}/parity", "check/parity", "built", 0.21, "measurements", 8_112),
            (f"{name}/quality", "check/quality", "built", 0.84, "measurements", 1_290),
        )
    ]  # fmt: skip


def gallery(rng):
    def room(x, y):
        shade = 150 + 40 * math.sin(x / 17) - y / 2
        person = (x - 84) ** 2 / 300 + (y - 62) ** 2 / 900 < 1
        return tuple(int(max(0, min(255, v))) for v in
                     ((190 - y, 110, 90) if person else (shade, shade + 8, shade + 14)))  # fmt: skip

    pictures = {
        "0": png(160, 90, room),
        "1": png(40, 22, lambda x, y: (int(6 * x), 40, 90)),
        "2": png(40, 22, lambda x, y: (int(6 * x), 44, 90)),
        "3": png(40, 22, lambda x, y: (10, 10, 10 + y % 5)),
    }
    head = {"at": [70, 32, 98, 60], "class": 0, "score": 0.93}
    body = {"at": [64, 30, 104, 90], "class": 1, "score": 0.88}
    moved = {**body, "at": [63, 31, 105, 90], "score": 0.84}
    view = {"width": 160, "height": 90, "layers": ["0"]}
    maps = {"width": 40, "height": 22}
    views = [
        {"title": "input image", **view},
        {"title": "boxes: truth", **view, "boxes": [head, body]},
        {"title": "boxes: source", **view, "boxes": [head, body]},
        {"title": "boxes: artifact", **view, "boxes": [head, moved]},
        {
            "title": "boxes: difference",
            "note": "every box has its counterpart",
            **view,
            "boxes": [],
        },
        {"title": "heatmap: source", **maps, "layers": ["1"]},
        {"title": "heatmap: artifact", **maps, "layers": ["2"]},
        {"title": "heatmap: difference", "note": "brightest 0.087", **maps, "layers": ["3"]},
        {
            "title": "angle: source and artifact",
            "pairs": [["0", 0.31, 0.302], ["1", -0.12, -0.1187]],
        },
    ]
    return {
        "note": "The 2 of 64 samples whose answers differ most, then the first.",
        "pictures": pictures,
        "samples": [
            {"index": 41, "notes": ["heatmap 24.1 dB, size 39.0 dB"], "views": views},
            {"index": 0, "notes": ["heatmap 31.9 dB, size 44.3 dB"], "views": views[:4]},
        ],
    }
