"""Profile ``native``: the register file of camerahub itself (column names are a contract)."""

from __future__ import annotations

from camerahub.registry.tablefile.dictionaries import CRS, POINT_CLASS, STATUS
from camerahub.registry.tablefile.profile import Column, Profile

NATIVE = Profile(
    "native",
    "camerahub 登记表",
    "register file of camerahub",
    columns=(
        Column("code", "code", ("设备编码", "编码", "国标编码", "摄像机编码"), "plain", needed=True,
               zh="设备编码", example="32058500001320000001"),
        Column("name", "name", ("设备名称", "名称", "点位名称", "摄像机名称"), needed=True,
               zh="设备名称", example="示例路口东向 01"),
        Column("area_code", "area_code", ("行政区域", "行政区划", "行政区划编码", "行政区划代码", "区划代码"), "digits",
               needed=True, zh="行政区划代码", example="320585100"),
        Column("rtsp_url", "rtsp_url", ("rtsp", "rtsp地址", "主码流地址", "取流地址"), "plain",
               zh="主码流地址", example="rtsp://192.0.2.10/Streaming/Channels/101"),
        Column("rtsp_sub_url", "rtsp_sub_url", ("子码流地址", "辅码流地址"), "plain",
               zh="子码流地址", example="rtsp://192.0.2.10/Streaming/Channels/102"),
        Column("onvif_url", "onvif_url", ("onvif", "onvif地址"), "plain",
               zh="ONVIF 地址", example="http://192.0.2.10/onvif/device_service"),
        Column("snapshot_url", "snapshot_url", ("抓图地址", "快照地址"), "plain",
               zh="抓图地址", example="http://192.0.2.10/snap.jpg"),
        Column("ip", "ip", ("ipv4", "ip地址", "ipv4地址", "设备ip"), "ip", zh="IP 地址", example="192.0.2.11"),
        Column("port", "port", ("rtsp端口", "端口", "端口号"), "port", zh="RTSP 端口", example="554"),
        Column("channel", "channel", ("通道号", "通道"), "channel", zh="通道号", example="1"),
        Column("vendor", "vendor", ("设备厂商", "厂商", "品牌"), zh="设备厂商", example="海康威视"),
        Column("via", "via", ("上级设备编码", "所属nvr", "nvr编码"), "plain",
               zh="经由 (NVR/平台编码)", example="NVR-01"),
        Column("username", "username", ("用户名", "账号", "登录名"), "secret", zh="用户名", example="viewer"),
        Column("password", "password", ("密码", "口令", "设备口令", "设备密码", "登录密码"), "secret", zh="密码"),
        Column("network", "network", ("所属网络", "三网", "网络"), zh="所属网络", example="雪亮"),
        Column("source", "source", ("来源", "数据来源"), zh="来源", example="部门"),
        Column("site", "site", ("点位", "所属点位", "安装地址"), zh="点位", example="示例路口"),
        Column("pole", "pole", ("杆件", "杆件编码", "立杆编号"), zh="杆件", example="G-001"),
        Column("lon", "lon", ("经度", "longitude", "lng"), "degrees", zh="经度", example="121.100000"),
        Column("lat", "lat", ("纬度", "latitude"), "degrees", zh="纬度", example="31.450000"),
        Column("crs", "crs", ("坐标系", "坐标类型"), "word", CRS, zh="坐标系", example="wgs84"),
        Column("model", "model", ("设备型号", "型号"), zh="型号", example="IPC-1"),
        Column("point_class", "point_class", ("监控点位类型", "点位类型"), "word", POINT_CLASS,
               zh="监控点位类型", example="1"),
        Column("maintainer", "maintainer", ("维护单位", "运维单位", "维保单位"), zh="维护单位", example="示例运维公司"),
        Column("installed_on", "installed_on", ("安装时间", "安装日期", "启用时间"), "date",
               zh="安装时间", example="2023-05-01"),
        Column("status", "status", ("设备状态", "状态"), "word", STATUS, zh="设备状态", example="active"),
        Column("device", "device", ("设备", "所属设备"), "plain", zh="所属设备"),
        Column("switch", "switch", ("交换机",), zh="交换机", example="SW-01"),
        Column("onu", "onu", ("onusn",), zh="ONU"),
        Column("power", "power", ("取电点", "取电"), zh="取电点"),
    ),
    also=(
        Column("keyboard_no", "keyboard_no", ("键盘编号",), "plain", zh="键盘编号"),
    ),
)  # fmt: skip
