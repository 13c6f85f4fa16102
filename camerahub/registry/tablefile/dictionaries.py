"""Dictionaries of the 一机一档 columns (GA-derived enumerations): code -> words, the first is written out.

Sources: the 27-column base file and local templates; see docs/import.md. 联网属性 is inverted in some systems
(1 = 已联网): prefer words to digits there.
"""

from __future__ import annotations

from camerahub.registry.tablefile.cells import Words


def _numbered(*names: str) -> dict[str, tuple[str, ...]]:
    return {str(number): (name,) for number, name in enumerate(names, start=1)}


STATUS = Words(
    {
        "active": ("在用", "1", "in use", "使用", "正常", "启用"),
        "repair": ("维修", "2", "under repair", "维修中"),
        "dismantled": ("拆除", "3", "已拆除", "报废"),
        "stopped": ("停用", "4", "废弃", "out of use"),
        "planned": ("在建", "5", "being built", "未启用"),
    },
    unknown="bad_status",
)
POINT_CLASS = Words(
    {
        "1": ("一类视频监控点", "一类点", "一类"),
        "2": ("二类视频监控点", "二类点", "二类"),
        "3": ("三类视频监控点", "三类点", "三类"),
        "4": ("公安内部视频监控点", "公安内部"),
        "9": ("其他点位", "其他", "其它"),
    }
)
CAMERA_TYPE = Words(
    {
        "1": ("球机",),
        "2": ("半球",),
        "3": ("固定枪机", "枪机"),
        "4": ("遥控枪机",),
        "5": ("卡口枪机",),
        "6": ("多目", "多目摄像机"),
        "7": ("多目拼接",),
        "99": ("未知", "其他", "其它", "未知/其他"),
    }
)
FUNCTION_TYPE = Words(
    {
        "1": ("车辆卡口",),
        "2": ("人员卡口",),
        "3": ("微卡口",),
        "4": ("特征摄像机",),
        "5": ("普通监控",),
        "6": ("高空瞭望", "高空瞭望摄像机"),
        "99": ("其他", "其它"),
    },
    multi=True,
)
FILL_LIGHT = Words(
    {
        "1": ("无补光", "无"),
        "2": ("红外补光", "红外"),
        "3": ("白光补光", "白光"),
        "4": ("激光补光", "激光"),
        "9": ("其他", "其它"),
    }
)
CODEC = Words(
    {
        "1": ("MPEG-4", "MPEG4"),
        "2": ("H.264", "H264"),
        "3": ("SVAC",),
        "4": ("H.265", "H265", "HEVC"),
    }
)
LOCATION_TYPE = Words(
    {
        **_numbered(
            "省际检查站",
            "党政机关",
            "车站码头",
            "中心广场",
            "体育场馆",
            "商业中心",
            "宗教场所",
            "校园周边",
            "治安复杂区域",
            "交通干线",
            "医院周边",
            "金融机构周边",
            "危险物品场所周边",
            "博物馆展览馆",
            "重点水域、航道",
        ),
        "96": ("市际公安检查站",),
        "97": ("涉外场所",),
        "98": ("边境沿线",),
        "99": ("旅游景区",),
        "132": ("居民小区",),
        "133": ("匝道",),
        "134": ("加油站",),
    },
    multi=True,
)
LOCATION_TYPE.by_word.update({"重点水域": "15", "航道": "15"})
DIRECTION = Words(
    {
        "1": ("东", "东向", "由西向东"),
        "2": ("西", "西向", "由东向西"),
        "3": ("南", "南向", "由北向南"),
        "4": ("北", "北向", "由南向北"),
        "5": ("东南",),
        "6": ("东北",),
        "7": ("西南",),
        "8": ("西北",),
        "9": ("全向", "全方位"),
    }
)
NETWORKED = Words({"0": ("已联网", "是", "联网"), "1": ("未联网", "否")})
INDUSTRY = Words(
    _numbered(
        "公安机关",
        "环保",
        "文博",
        "医疗",
        "旅游",
        "新闻广电",
        "食药监",
        "教育",
        "检察院",
        "法院",
        "金融",
        "交通",
        "住房和城乡建设",
        "水利",
        "林业",
        "安监",
        "市政市容",
        "国土",
    ),
    multi=True,
)
CRS = Words(
    {
        "wgs84": ("wgs84", "wgs-84", "WGS 84", "gps"),
        "cgcs2000": ("cgcs2000", "国家2000", "大地2000"),
        "gcj02": ("gcj02", "gcj-02", "高德", "腾讯", "火星"),
        "bd09": ("bd09", "bd-09", "bd09ll", "百度"),
    },
    unknown="crs_bad",
)
#: Every dictionary by the field it belongs to; docs and tests walk it.
DICTIONARIES: dict[str, Words] = {
    "status": STATUS,
    "point_class": POINT_CLASS,
    "camera_type": CAMERA_TYPE,
    "function_type": FUNCTION_TYPE,
    "fill_light": FILL_LIGHT,
    "codec": CODEC,
    "location_type": LOCATION_TYPE,
    "direction": DIRECTION,
    "networked": NETWORKED,
    "industry": INDUSTRY,
    "crs": CRS,
}
