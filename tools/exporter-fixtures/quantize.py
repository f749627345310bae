"""
The steps by which public repositories for transformers.js get their files, with the libraries that its own conversion
script uses and that script's settings (`scripts/quantize.py`, 2024 to 2025).
"""

import onnx
import onnxslim
from onnx import TensorProto, helper
from onnxconverter_common import float16
from onnxruntime.quantization import QuantizationMode, QuantType
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer
from onnxruntime.quantization.onnx_quantizer import ONNXQuantizer
from onnxruntime.quantization.registry import IntegerOpsRegistry

WEIGHT_TYPES = {"int8": QuantType.QInt8, "uint8": QuantType.QUInt8}


def eight_bits(path, weight_type):
    """Dynamic 8 bits: one scale for each matrix, activations rounded with one scale for all positions of a call."""
    quantizer = ONNXQuantizer(
        onnx.load(path),
        None,  # per_channel
        None,  # reduce_range
        mode=QuantizationMode.IntegerOps,
        static=False,
        weight_qType=WEIGHT_TYPES[weight_type],
        activation_qType=QuantType.QUInt8,
        tensors_range=None,
        nodes_to_quantize=[],
        nodes_to_exclude=[],
        op_types_to_quantize=set(IntegerOpsRegistry),
        extra_options={"EnableSubgraph": True, "MatMulConstBOnly": True},
    )
    quantizer.quantize_model()
    return quantizer.model.model


def four_bits(model):
    """Blocks of 32 weights, symmetric."""
    quantizer = MatMulNBitsQuantizer(model, bits=4, block_size=32, is_symmetric=True)
    quantizer.process()
    return quantizer.model.model


def half(path):
    """float16 inside, float32 at the ends, slimmed: what encoders and embeddings go through."""
    return onnxslim.slim(float16.convert_float_to_float16(onnx.load(path), keep_io_types=True))


def float_ends(model):
    """Casts around the builder's float16 decoder, so that embeddings come in and logits go out as float32."""
    graph = model.graph
    embeds = next(value for value in graph.input if value.name == "inputs_embeds")
    logits = next(value for value in graph.output if value.name == "logits")
    for node in graph.node:
        node.input[:] = ["inputs_embeds_fp16" if name == "inputs_embeds" else name for name in node.input]
        node.output[:] = ["logits_fp16" if name == "logits" else name for name in node.output]
    embeds.type.tensor_type.elem_type = TensorProto.FLOAT
    logits.type.tensor_type.elem_type = TensorProto.FLOAT
    graph.node.insert(
        0, helper.make_node("Cast", ["inputs_embeds"], ["inputs_embeds_fp16"], "inputs_embeds_cast", to=TensorProto.FLOAT16)
    )
    graph.node.append(helper.make_node("Cast", ["logits_fp16"], ["logits"], "logits_cast", to=TensorProto.FLOAT))
    return model
