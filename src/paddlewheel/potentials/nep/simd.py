"""Vectors of 8 numbers for numba: loads, stores and arithmetic that become vector instructions on every machine.

numba leaves vector code to the compiler's loop vectoriser, which gives up on the NEP kernels (a dozen arrays that
might overlap). Here a block of 8 consecutive numbers of a C-contiguous array, of whatever shape, is one value:
`load(a, i)` is the i-th such block. Operators mix vectors with vectors and with plain numbers, which take the vector's
precision. Rounding is free to be that of fused multiply-adds, and sums across a vector have one fixed order.
"""

from __future__ import annotations

import operator
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.errors import TypingError
from numba.core.typing import templates
from numba.extending import intrinsic as _numba_intrinsic
from numba.extending import lower_builtin, models, register_model

# what these decorators return has another signature than what they decorate, which no type checker follows
intrinsic: Any = _numba_intrinsic
_typing: Any = templates

WIDTH = 8
_FAST = ("nnan", "ninf", "nsz", "arcp", "contract")


class Vector(types.Type):
    """The numba type of 8 numbers of one precision."""

    def __init__(self, dtype: types.Float) -> None:
        self.dtype = dtype
        super().__init__(name=f"Vector8({dtype})")


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, dmm, fe_type) -> None:
        super().__init__(dmm, fe_type, ir.VectorType(_element(fe_type.dtype), WIDTH))


def _element(dtype: types.Float) -> ir.Type:
    return ir.FloatType() if dtype.bitwidth == 32 else ir.DoubleType()


def _splat(builder, value, vector_type: ir.VectorType):
    first = builder.insert_element(ir.Constant(vector_type, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
    mask = ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), [0] * WIDTH)
    return builder.shuffle_vector(first, ir.Constant(vector_type, ir.Undefined), mask)


def _binary(operation, instruction: str) -> None:
    class Template(_typing.AbstractTemplate):
        def generic(self, args, kws):
            a, b = args
            vector = a if isinstance(a, Vector) else b
            if isinstance(vector, Vector) and all(x == vector or isinstance(x, types.Number) for x in args):
                return _typing.signature(vector, a, b)
            return None

    Template.key = operation
    _typing.infer_global(operation)(Template)

    def lower(context, builder, sig, args):
        target = context.get_value_type(sig.return_type)
        values = []
        for given, value in zip(sig.args, args, strict=True):
            if given != sig.return_type:
                value = _splat(builder, context.cast(builder, value, given, sig.return_type.dtype), target)
            values.append(value)
        return getattr(builder, instruction)(*values, flags=_FAST)

    for left, right in ((Vector, Vector), (Vector, types.Number), (types.Number, Vector)):
        lower_builtin(operation, left, right)(lower)


_binary(operator.add, "fadd")
_binary(operator.sub, "fsub")
_binary(operator.mul, "fmul")
_binary(operator.truediv, "fdiv")
_binary(operator.iadd, "fadd")


def _pointer(context, builder, array_type, array, index, scale: int):
    data = context.make_array(array_type)(context, builder, array).data
    if scale != 1:
        index = builder.mul(index, ir.Constant(index.type, scale))
    return builder.gep(data, [index])


def _check(array) -> Vector:
    if not (isinstance(array, types.Array) and array.layout == "C" and isinstance(array.dtype, types.Float)):
        raise TypingError(f"a C-contiguous array of floating-point numbers is needed, not {array}")
    return Vector(array.dtype)


@intrinsic
def load(typingctx, array, index):
    """The block `index` of 8 numbers of an array."""
    vector = _check(array)

    def codegen(context, builder, sig, args):
        pointer = _pointer(context, builder, sig.args[0], args[0], args[1], WIDTH)
        target = context.get_value_type(vector)
        return builder.load(builder.bitcast(pointer, target.as_pointer()), align=array.dtype.bitwidth // 8)

    return vector(array, types.intp), codegen


@intrinsic
def store(typingctx, array, index, value):
    """Put a vector into the block `index` of an array."""
    vector = _check(array)

    def codegen(context, builder, sig, args):
        pointer = _pointer(context, builder, sig.args[0], args[0], args[1], WIDTH)
        pointer = builder.bitcast(pointer, context.get_value_type(vector).as_pointer())
        builder.store(args[2], pointer, align=array.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.void(array, types.intp, vector), codegen


@intrinsic
def take_next(typingctx, counter):
    """The number in `counter[0]` (int64), raised by one as a single step that no other thread can get between."""
    if not (isinstance(counter, types.Array) and counter.dtype == types.int64):
        raise TypingError("a counter is an array of int64")

    def codegen(context, builder, sig, args):
        pointer = _pointer(context, builder, sig.args[0], args[0], context.get_constant(types.intp, 0), 1)
        return builder.atomic_rmw("add", pointer, context.get_constant(types.int64, 1), "monotonic")

    return types.int64(counter), codegen


@intrinsic
def repeat(typingctx, array, index):
    """A vector of 8 times the number `index` of an array (counted as if the array were flat)."""
    vector = _check(array)

    def codegen(context, builder, sig, args):
        pointer = _pointer(context, builder, sig.args[0], args[0], args[1], 1)
        return _splat(builder, builder.load(pointer), context.get_value_type(vector))

    return vector(array, types.intp), codegen


@intrinsic
def zeros_like(typingctx, array):
    """A vector of zeros in the precision of an array."""
    vector = _check(array)

    def codegen(context, builder, sig, args):
        return ir.Constant(context.get_value_type(vector), [0.0] * WIDTH)

    return vector(array), codegen


@intrinsic
def total(typingctx, value):
    """Sum over the 8 numbers, in one fixed order."""

    def codegen(context, builder, sig, args):
        return _fold(builder, args[0], lambda a, b: builder.fadd(a, b, flags=_FAST))

    return value.dtype(value), codegen


@intrinsic
def largest(typingctx, value):
    """The largest of the 8 numbers."""

    def codegen(context, builder, sig, args):
        return _fold(builder, args[0], lambda a, b: builder.select(builder.fcmp_ordered(">", a, b), a, b))

    return value.dtype(value), codegen


def _fold(builder, vector, combine):
    width = WIDTH
    while width > 1:
        width //= 2
        int32 = ir.IntType(32)
        halves = [
            builder.shuffle_vector(
                vector,
                ir.Constant(vector.type, ir.Undefined),
                ir.Constant(ir.VectorType(int32, width), list(range(first, first + width))),
            )
            for first in (0, width)
        ]
        vector = combine(*halves)
    return builder.extract_element(vector, ir.Constant(ir.IntType(32), 0))


def _unary(name: str):
    def typing(typingctx, value):
        def codegen(context, builder, sig, args):
            function = cgutils.get_or_insert_function(
                builder.module,
                ir.FunctionType(args[0].type, [args[0].type]),
                f"llvm.{name}.v{WIDTH}f{sig.return_type.dtype.bitwidth}",
            )
            return builder.call(function, args)

        return value(value), codegen

    return intrinsic(typing)


square_root = _unary("sqrt")
floor = _unary("floor")
absolute = _unary("fabs")


@intrinsic
def where_below(typingctx, a, b, yes, no):
    """`yes` where a < b, `no` elsewhere."""

    def codegen(context, builder, sig, args):
        return builder.select(builder.fcmp_ordered("<", args[0], args[1]), args[2], args[3])

    return a(a, b, yes, no), codegen


@intrinsic
def power_of_two(typingctx, value):
    """2 to whole numbers (within the exponents of the precision), by their bits."""

    def codegen(context, builder, sig, args):
        bits, bias, fraction = (32, 127, 23) if value.dtype.bitwidth == 32 else (64, 1023, 52)
        integers = ir.VectorType(ir.IntType(bits), WIDTH)
        whole = builder.add(builder.fptosi(args[0], integers), ir.Constant(integers, [bias] * WIDTH))
        shifted = builder.shl(whole, ir.Constant(integers, [fraction] * WIDTH))
        return builder.bitcast(shifted, args[0].type)

    return value(value), codegen


@intrinsic
def transpose(typingctx, source, source_index, target, target_index):
    """Blocks `source_index` to + 7 of one array are rows; their columns become blocks of another array."""
    vector = _check(source)

    def codegen(context, builder, sig, args):
        width = context.get_value_type(vector)
        align = source.dtype.bitwidth // 8
        base = builder.bitcast(_pointer(context, builder, sig.args[0], args[0], args[1], WIDTH), width.as_pointer())
        rows = [builder.load(builder.gep(base, [ir.Constant(ir.IntType(64), k)]), align=align) for k in range(WIDTH)]
        step = 1
        while step < WIDTH:
            low = [k if not k & step else k - step + WIDTH for k in range(WIDTH)]
            high = [k + step if not k & step else k + WIDTH for k in range(WIDTH)]
            masks = [ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), mask) for mask in (low, high)]
            for k in range(WIDTH):
                if not k & step:
                    pair = rows[k], rows[k + step]
                    rows[k], rows[k + step] = (builder.shuffle_vector(*pair, mask) for mask in masks)
            step *= 2
        base = builder.bitcast(_pointer(context, builder, sig.args[2], args[2], args[3], WIDTH), width.as_pointer())
        for k in range(WIDTH):
            builder.store(rows[k], builder.gep(base, [ir.Constant(ir.IntType(64), k)]), align=align)
        return context.get_dummy_value()

    return types.void(source, types.intp, target, types.intp), codegen
