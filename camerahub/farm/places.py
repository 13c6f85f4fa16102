"""A synthetic county: areas, names and streets. No province has the code 99, so no code here is a real place's."""

from __future__ import annotations

import random
from typing import NamedTuple

from camerahub.farm.model import Area

COUNTY = "990121"
COUNTY_NAME = "虚拟县(测试)"
_FIRST = "青云禾清松竹白金石龙凤双长永安和兴福乐平"
_SECOND = "岚溪泽桥湾岭塘坪渡浦庄河口山洲林源川岗垭"
_VILLAGE = "东西南北上下前后新老大小"
_VILLAGE_TAIL = "家湾|桥头|河坝|井边|塘口|岭下|坪上|林场|渡口|石岩|柏树|花园"
SPOTS = (
    *("村口", "文化广场", "卫生室", "小学门口", "便民中心", "十字路口", "大桥桥头", "农贸市场"),
    *("客运站", "水库大坝", "停车场", "河堤", "加油站", "养老院"),
)
HEADINGS = ("东", "西", "南", "北", "东南", "东北", "西南", "西北")

#: Kinds of townships: code from, how many codes, ending of the name (GB/T 10114: 001 街道, 100 镇, 200 乡, 400 开发区).
_RANGES = ((1, 99, "街道"), (100, 100, "镇"), (200, 100, "乡"), (400, 200, "开发区"))


class Place(NamedTuple):
    """Where cameras stand and what they count under. A township may have no villages; the county itself is a place."""

    code: str
    name: str
    villages: tuple[Area, ...]


def places(townships: int, rng: random.Random) -> tuple[list[Area], list[Place]]:
    """All areas of the county, parents first, and its places: the townships in order, then the county itself."""
    areas = [Area(COUNTY, COUNTY_NAME, "county", "")]
    found: list[Place] = []
    for number, (suffix, name) in enumerate(zip(_codes(townships), _names(townships, rng), strict=True)):
        code = COUNTY + suffix
        bare = townships > 1 and number == townships - 1
        villages = () if bare else _villages(code, rng)
        areas += [Area(code, name + _ending(suffix), "township", COUNTY), *villages]
        found.append(Place(code, name + _ending(suffix), villages))
    return areas, [*found, Place(COUNTY, COUNTY_NAME, ())]


def _codes(townships: int) -> list[str]:
    """Three digits each: a fifth of the townships are 街道, then 镇, 乡 and 开发区 as far as their codes go."""
    codes: list[str] = []
    for start, room, _ in _RANGES:
        share = max(1, townships // 5) if start == 1 else townships - len(codes)
        codes += [f"{start + i:03d}" for i in range(min(share, room, townships - len(codes)))]
    return codes


def _ending(suffix: str) -> str:
    return [ending for start, _, ending in _RANGES if int(suffix) >= start][-1]


def _names(count: int, rng: random.Random) -> list[str]:
    pairs = [a + b for a in _FIRST for b in _SECOND]
    rng.shuffle(pairs)
    return pairs[:count]


def _villages(township: str, rng: random.Random) -> tuple[Area, ...]:
    names = [a + b for a in _VILLAGE for b in _VILLAGE_TAIL.split("|")]
    picked = rng.sample(names, rng.randint(3, 6))
    return tuple(
        Area(f"{township}{200 + i:03d}", f"{name}村", "village", township) for i, name in enumerate(picked)
    )
