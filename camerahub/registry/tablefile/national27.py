"""Profile ``national27``: the 27-column 一机一档 base file (基础档案), headers in Chinese.

It has no stream address: addresses are built from 设备厂商 and IPv4 by ``configs/vendors.toml``.
"""

from __future__ import annotations

from camerahub.registry.tablefile import dictionaries as words
from camerahub.registry.tablefile.profile import Column, Profile

NATIONAL27 = Profile(
    "national27",
    "27 列一机一档基础档案",
    "27-column 一机一档 base file",
    columns=(
        Column("code", "设备编码", ("国标编码", "编码"), "plain", needed=True, example="32058500001320000001"),
        Column("name", "设备名称", ("名称", "点位名称"), needed=True, example="示例路口东向 01"),
        Column("vendor", "设备厂商", ("厂商", "品牌"), example="海康威视"),
        Column("area_code", "行政区域", ("行政区划", "行政区划编码", "行政区划代码", "行政区域编码"), "digits",
               needed=True, example="320585100"),
        Column("point_class", "监控点位类型", ("点位类型",), "word", words.POINT_CLASS, example="一类视频监控点"),
        Column("model", "设备型号", ("型号",), example="IPC-1"),
        Column("alias", "点位俗称", ("俗称",), example="老桥头"),
        Column("ip", "IPv4", ("ip", "ip地址", "ipv4地址"), "ip", example="192.0.2.11"),
        Column("ipv6", "IPv6", ("ipv6地址",), "ipv6"),
        Column("mac", "MAC", ("mac地址",), "mac", example="02-00-5E-10-00-01"),
        Column("camera_type", "摄像机类型", (), "word", words.CAMERA_TYPE, example="球机"),
        Column("function_type", "摄像机功能类型", ("功能类型",), "word", words.FUNCTION_TYPE, example="普通监控"),
        Column("fill_light", "补光属性", ("补光",), "word", words.FILL_LIGHT, example="红外补光"),
        Column("codec", "编码格式", ("视频编码格式",), "word", words.CODEC, example="H.265"),
        Column("address", "安装地址", ("安装位置", "地址"), example="示例镇示例路 1 号"),
        Column("lon", "经度", ("longitude",), "degrees", example="121.100000"),
        Column("lat", "纬度", ("latitude",), "degrees", example="31.450000"),
        Column("location_type", "位置类型", ("摄像机位置类型",), "word", words.LOCATION_TYPE, example="交通干线"),
        Column("direction", "监控方位", ("方位",), "word", words.DIRECTION, example="东"),
        Column("networked", "联网属性", (), "word", words.NETWORKED, example="已联网"),
        Column("police_unit", "所属辖区公安机关", ("辖区公安机关",), "digits", example="320585000000"),
        Column("installed_on", "安装时间", ("安装日期", "启用时间"), "date", example="2023-05-01"),
        Column("manager", "管理单位", (), example="示例镇综治中心"),
        Column("manager_phone", "管理单位联系方式", ("联系电话", "联系方式"), "plain", example="0512-00000000"),
        Column("retention_days", "录像保存天数", ("保存天数",), "number", example="30"),
        Column("status", "设备状态", ("状态",), "word", words.STATUS, example="在用"),
        Column("industry", "所属部门/行业", ("所属部门", "所属行业", "部门行业"), "word", words.INDUSTRY,
               example="公安机关"),
    ),
    also=(
        Column("username", "用户名", ("账号",), "secret"),
        Column("password", "密码", ("口令", "设备口令", "设备密码", "登录密码"), "secret"),
        Column("port", "RTSP端口", (), "port"),
        Column("channel", "通道号", ("通道",), "channel"),
        Column("via", "上级设备编码", ("所属nvr", "nvr编码"), "plain"),
        Column("network", "所属网络", ("三网",)),
        Column("source", "来源", ("数据来源",)),
        Column("pole", "立杆编号", ("杆件编码", "杆件"), "plain"),
        Column("maintainer", "维护单位", ("运维单位", "维保单位")),
        Column("keyboard_no", "键盘编号", (), "plain"),
        Column("crs", "坐标系", ("坐标类型",), "word", words.CRS),
    ),
)  # fmt: skip
