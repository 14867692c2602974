"""The table of ONNX's fields, by which a file is searched for hidden ones, is that of ONNX itself."""

import onnx

from edgebuild.formats.flaws.onnx_files import _FIELDS

NAMES = {
    "Model": onnx.ModelProto, "Graph": onnx.GraphProto, "Node": onnx.NodeProto,
    "Attribute": onnx.AttributeProto, "Tensor": onnx.TensorProto, "Segment": onnx.TensorProto.Segment,
    "Sparse": onnx.SparseTensorProto, "Value": onnx.ValueInfoProto, "Type": onnx.TypeProto,
    "TensorType": onnx.TypeProto.Tensor, "Sequence": onnx.TypeProto.Sequence, "Map": onnx.TypeProto.Map,
    "Opaque": onnx.TypeProto.Opaque, "Shape": onnx.TensorShapeProto,
    "Dimension": onnx.TensorShapeProto.Dimension, "OpsetId": onnx.OperatorSetIdProto,
    "Entry": onnx.StringStringEntryProto, "Annotation": onnx.TensorAnnotation,
    "Training": onnx.TrainingInfoProto, "Function": onnx.FunctionProto,
    "Device": onnx.DeviceConfigurationProto, "NodeDevice": onnx.NodeDeviceConfigurationProto,
    "Sharding": onnx.ShardingSpecProto, "IntsEntry": onnx.IntIntListEntryProto,
    "ShardedDim": onnx.ShardedDimProto, "SimpleDim": onnx.SimpleShardedDimProto,
}  # fmt: skip


def test_every_field_of_every_message():
    assert set(NAMES) == set(_FIELDS)
    messages = {proto.DESCRIPTOR.full_name: name for name, proto in NAMES.items()}
    # Optional and sparse types have the fields of sequences and tensors.
    messages |= {"onnx.TypeProto.Optional": "Sequence", "onnx.TypeProto.SparseTensor": "TensorType"}
    for name, proto in NAMES.items():
        wanted = {}
        for field in proto.DESCRIPTOR.fields:
            if field.message_type is not None:
                kind = messages[field.message_type.full_name]
            else:
                packs = field.type in (field.TYPE_FLOAT, field.TYPE_DOUBLE)
                text = field.type in (field.TYPE_STRING, field.TYPE_BYTES)
                kind = "bytes" if packs or text else "number"
            wanted[field.number] = (kind, field.is_repeated)
        assert _FIELDS[name] == wanted, name
