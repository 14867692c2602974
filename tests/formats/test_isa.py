import pytest

from edgebuild.formats import isa

NEWEST = "processor\t: 0\nflags\t\t: fpu sse4_1 avx fma avx2 avx512f avx512dq avx512bw avx512vl avx512_vnni\n"


@pytest.mark.parametrize(
    ("name", "lacking"),
    [
        ("SSE41", []),
        ("AVX2", []),
        ("AVX2_VNNI", ["avx_vnni"]),
        ("AVX512_CORE_VNNI", []),
        ("AVX512_CORE_AMX", ["avx512_bf16", "amx_tile", "amx_int8"]),
    ],
)
def test_what_a_machine_lacks(tmp_path, name, lacking):
    (tmp_path / "cpuinfo").write_text(NEWEST)
    assert isa.lacking(name, tmp_path / "cpuinfo") == lacking


def test_a_machine_that_tells_nothing_lacks_everything(tmp_path):
    assert isa.lacking("AVX2", tmp_path / "none") == ["avx2", "fma"]


@pytest.mark.parametrize(
    ("name", "beyond"),
    [
        ("SSE41", ["brgconv_avx512_amx_i8", "jit_avx2_f32", "jit_avx_f32"]),
        ("AVX", ["brgconv_avx512_amx_i8", "jit_avx2_f32"]),
        ("AVX2", ["brgconv_avx512_amx_i8"]),
        ("AVX2_VNNI", ["brgconv_avx512_amx_i8"]),
        ("AVX512_CORE_VNNI", ["brgconv_avx512_amx_i8"]),
        ("AVX512_CORE_AMX", []),
    ],
)
def test_kernels_that_use_more(name, beyond):
    kernels = ["jit_uni_f32", "jit_sse42_f32", "jit_avx_f32", "jit_avx2_f32", "unknown_i32"]
    assert isa.beyond(name, [*kernels, "brgconv_avx512_amx_i8"]) == beyond
