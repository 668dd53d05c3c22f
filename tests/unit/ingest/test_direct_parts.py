"""How a direct upload is cut, and what is said of parts that are not as they should be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.core.errors import Conflict
from infra.core.ports import UploadedPart
from ingest.direct_parts import MIB, MOST_PARTS, PART_BYTES, PartPlan

SIZES = st.integers(1, 5 << 40)  # S3 takes 5 TiB


@given(SIZES)
def test_parts_fill_the_file_within_the_limits_of_s3(size: int) -> None:
    plan = PartPlan.of(size)
    assert 5 * MIB <= plan.part_bytes <= 5 << 30
    assert 1 <= plan.count <= MOST_PARTS
    assert (plan.count - 1) * plan.part_bytes + plan.size(plan.count) == size
    assert 0 < plan.size(plan.count) <= plan.part_bytes
    assert plan.count == 1 or plan.size(1) == plan.part_bytes


@pytest.mark.parametrize(("size", "part", "count", "last"), [
    (1, PART_BYTES, 1, 1),
    (PART_BYTES, PART_BYTES, 1, PART_BYTES),
    (PART_BYTES + 1, PART_BYTES, 2, 1),
    (MOST_PARTS * PART_BYTES, PART_BYTES, MOST_PARTS, PART_BYTES),
    (MOST_PARTS * PART_BYTES + 1, PART_BYTES + MIB, 9412, 13_631_489),
])
def test_sizes(size: int, part: int, count: int, last: int) -> None:
    plan = PartPlan.of(size)
    assert (plan.part_bytes, plan.count, plan.size(plan.count)) == (part, count, last)


def parts(*sizes: int) -> list[UploadedPart]:
    return [UploadedPart(number, size, "e") for number, size in enumerate(sizes, 1) if size]


@pytest.mark.parametrize(("sizes", "code", "said"), [
    ((100, 100, 0), "parts_missing", "1 of 3 parts have not arrived: 3."),
    ((0, 0, 50), "parts_missing", "2 of 3 parts have not arrived: 1, 2."),
    ((100, 100, 51), "part_wrong_size", "3."),
    ((100, 99, 50), "part_wrong_size", "2."),
    ((100, 100, 50, 1), "part_wrong_size", "4."),
])
def test_what_is_wrong_is_named(sizes: tuple[int, ...], code: str, said: str) -> None:
    with pytest.raises(Conflict) as refused:
        PartPlan(250, 100).check(parts(*sizes))
    assert refused.value.code == code and said in refused.value.message


def test_all_there() -> None:
    PartPlan(250, 100).check(parts(100, 100, 50))


def test_a_long_list_is_shortened() -> None:
    with pytest.raises(Conflict, match=r"1, 2, 3, 4, 5 \.\.\."):
        PartPlan(1000, 10).check([])
