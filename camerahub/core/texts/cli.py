"""Messages of the commands that belong to no room."""

TEXTS: dict[str, tuple[str, str]] = {
    "cli.usage": ("用法有误: {problem}", "usage error: {problem}"),
    "cli.output": (
        "结果无法写出 ({problem}): 请检查磁盘空间或接收输出的程序",
        "the output cannot be written ({problem}): check the disk, or the program that takes the output",
    ),
    "cli.demo_building": (
        "正在搭建虚拟县: {townships} 个乡镇, {cameras} 路摄像机 (全部为虚构, 只在本机回环地址) …",
        "building a virtual county: {townships} townships, {cameras} cameras (all invented, on loopback only) …",
    ),
    "cli.demo_ready": (
        "虚拟县已在监测中. 另开一个终端试试:\n"
        "  export CAMERAHUB_HOME={home}\n"
        "  {program} rates                      各乡镇在线率\n"
        "  {program} cameras --state down       离线清单与原因\n"
        "  curl {url}/metrics                   Prometheus 指标\n"
        "  真值表 (每路摄像机应有的结果): {truth}",
        "The virtual county is being watched. In a second terminal:\n"
        "  export CAMERAHUB_HOME={home}\n"
        "  {program} rates                      online rate per township\n"
        "  {program} cameras --state down       what is down, and why\n"
        "  curl {url}/metrics                   Prometheus metrics\n"
        "  truth table (what each camera should show): {truth}",
    ),
    "cli.demo_figures": (
        "在线率 {raw}  点亮率 {lit}  完好率 {intact}  应检 {expected}  在线 {up}  离线 {down}  未知 {unknown}",
        "online {raw}  lit {lit}  intact {intact}  expected {expected}  up {up}  down {down}  unknown {unknown}",
    ),
    "cli.demo_gone": ("演示结束, 临时文件已删除", "demo ended, temporary files removed"),
}
