"""Messages of the virtual county."""

TEXTS: dict[str, tuple[str, str]] = {
    "farm.bad_size": (
        "虚拟县规模不合理: 乡镇 1 到 {townships} 个, 摄像机多于乡镇数且不超过 {cameras} 路, 至少一个网络、一个进程",
        "the virtual county has an impossible size: 1 to {townships} townships, more cameras than townships and"
        " at most {cameras}, at least one network and one process",
    ),
    "farm.bad_mix": (
        "故障配比 {mix} 不对: 写成 名称=权重, 用逗号隔开, 名称只能是 {kinds}",
        "the mix {mix} is not understood: write kind=weight, separated by commas; kinds are {kinds}",
    ),
    "farm.bad_form": (
        "目标写法 {form} 不对; 可用: {forms}",
        "no form of targets is called {form}; there are {forms}",
    ),
    "farm.port": (
        "虚拟县打不开本机回环端口 {port}: {why}; 换一个端口或让系统自选",
        "the virtual county cannot open port {port} on loopback: {why}; choose another port or let the system choose",
    ),
    "farm.files": (
        "虚拟县需要 {need} 个文件句柄, 系统只允许 {limit} 个; 请减少摄像机或提高 ulimit -n",
        "the virtual county needs {need} open files and the system allows {limit}: fewer cameras, or raise ulimit -n",
    ),
    "farm.start": (
        "虚拟县没有启动: {why}",
        "the virtual county did not start: {why}",
    ),
    "farm.unknown_camera": ("没有编码为 {code} 的虚拟摄像机", "no virtual camera has the code {code}"),
    "farm.unknown_kind": (
        "没有 {kind} 这种状态; 可用: {kinds}",
        "no kind is called {kind}; there are {kinds}",
    ),
    "farm.cannot_refuse": (
        "这路摄像机与其他摄像机共用监听, 不能单独关闭端口; 请用 dead 或 black_holed",
        "this camera shares its listener with others and cannot close its port alone; use dead or black_holed",
    ),
    "farm.unknown_command": (
        "不认识的命令; 可用: stats, cameras, camera 编码, set 编码 状态, stop",
        "unknown command; there are: stats, cameras, camera CODE, set CODE KIND, stop",
    ),
    "farm.serving": (
        "虚拟县已就绪: {cameras} 路, 端口 {ports}",
        "the virtual county is up: {cameras} cameras, ports {ports}",
    ),
}
