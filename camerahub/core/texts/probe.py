"""Messages of probes, of `camerahub probe` and of `camerahub sweep`.

``probe.did.<step>`` is what a step does; ``probe.came.<reason>`` what came of it and what to do, with
``probe.came.<step>.<reason>`` where a step knows better.
"""

TEXTS: dict[str, tuple[str, str]] = {
    "probe.no_epoll": (
        "此系统没有 epoll, 探测只能在 Linux 上运行; 请在 Linux 主机或虚拟机上运行 camerahub",
        "this system has no epoll: probing runs on Linux only; run camerahub on a Linux host or virtual machine",
    ),
    "probe.password_in_argv": (
        "不接受命令行中的密码 (会被同机用户看到并留在历史记录里)。请改用: rtsp://主机/路径 加 --user 用户名, "
        "密码按提示输入, 或 --password-stdin, 或环境变量 CAMERAHUB_PASSWORD",
        "a password in the command line is not accepted (other users and the shell history would see it). Use "
        "rtsp://host/path with --user NAME, and give the password at the prompt, by --password-stdin, or in the "
        "environment variable CAMERAHUB_PASSWORD",
    ),
    "probe.password_needed": (
        "给了用户名 {user}, 但没有密码: 请用 --password-stdin 或环境变量 CAMERAHUB_PASSWORD",
        "user {user} was given without a password: use --password-stdin or the environment variable "
        "CAMERAHUB_PASSWORD",
    ),
    "probe.user_needed": (
        "给了密码但没有用户名: 请加 --user 用户名",
        "a password was given without a user: add --user NAME",
    ),
    "probe.password_prompt": ("用户 {user} 的密码", "password of {user}"),
    "probe.bad_target": (
        "无法识别目标: {zh}。可写: 摄像机编码, rtsp://主机/路径, http://主机/onvif/device_service 或 主机:端口",
        "cannot read the target: {en}. Write a camera code, rtsp://host/path, "
        "http://host/onvif/device_service or host:port",
    ),
    "probe.camera_no_address": (
        "摄像机 {code} 已登记, 但没有可探测的地址; 补全地址列后重新导入",
        "camera {code} is registered without an address to probe; fill its address columns and import again",
    ),
    "probe.no_camera": (
        "登记表中没有编码为 {code} 的摄像机; 若是地址, 请写 rtsp://… 或 主机:端口",
        "the register has no camera with code {code}; if this is an address write rtsp://… or host:port",
    ),
    "probe.targets_unreadable": (
        "无法读取目标文件 {path}: {problem}",
        "cannot read the targets file {path}: {problem}",
    ),
    "probe.bad_line": ("第 {line} 行已拒绝", "line {line} refused"),
    "probe.line.form": (
        "应为 主机:端口, 或 rtsp://、http:// 地址",
        "expected host:port, or an rtsp:// or http:// address",
    ),
    "probe.line.port": ("端口应为 1 到 65535", "the port must be 1 to 65535"),
    "probe.line.url": ("地址有误: {problem}", "bad address: {problem}"),
    "probe.fewer_files": (
        "系统只允许同时打开较少的连接, 并发由 {wanted} 降为 {allowed} (可调高 ulimit -n)",
        "the system allows fewer open files: concurrency lowered from {wanted} to {allowed} (raise ulimit -n)",
    ),
    # -- steps ----------------------------------------------------------------------------------------------------
    "probe.did.resolve": ("解析地址 {host}", "look up {host}"),
    "probe.did.tcp": ("连接端口 {address}", "connect to {address}"),
    "probe.did.options": ("询问 RTSP OPTIONS (不带密码)", "ask RTSP OPTIONS (no credentials)"),
    "probe.did.describe": ("登录并询问码流 (RTSP DESCRIBE)", "log in and ask for the stream (RTSP DESCRIBE)"),
    "probe.did.media": ("取流, 等关键帧 (RTSP PLAY)", "take the stream until a key frame (RTSP PLAY)"),
    "probe.did.picture": ("解码并查看画面", "decode the picture and look at it"),
    "probe.line": ("{did}: {came}", "{did}: {came}"),
    "probe.came.not_tried": ("未检测 (前一步未通过)", "not tried (the step before failed)"),
    "probe.came.no_path": (
        "未检测 (没有给出码流路径; 要检测登录请写 rtsp://主机/路径)",
        "not tried (no stream path given; write rtsp://host/path to check the login)",
    ),
    "probe.came.ok": ("通过", "passed"),
    "probe.came.resolve.ok": ("得到 {address}", "got {address}"),
    "probe.came.tcp.ok": ("端口已接通", "the port is open"),
    "probe.came.options.ok": (
        "摄像机应答 (状态 {status}), 在线",
        "the camera answers (status {status}): online",
    ),
    "probe.came.describe.ok": ("允许取流 (状态 {status})", "stream offered (status {status})"),
    "probe.came.media.ok": ("码流正常", "media flows"),
    "probe.came.picture.ok": ("画面正常, 已点亮", "the picture shows something"),
    "probe.came.no_media": (
        "在线, 也接受了登录, 但没有码流。请检查该通道是否接有摄像机, 编码是否启用, 以及设备负载",
        "online and let us in, but no media came. Check that a camera is on this channel, encoding is on, and the load",
    ),
    "probe.came.no_keyframe": (
        "有码流, 但期限内没有关键帧。请把关键帧间隔 (I 帧, GOP) 调到 2 秒左右, 并检查丢包",
        "media flows, but no key frame came in time. Set the key frame interval (GOP) to about 2 s; check packet loss",
    ),
    "probe.came.encrypted": (
        "码流已加密, 无法查看画面。如需诊断, 请在设备上关闭码流加密",
        "the stream is encrypted: the picture cannot be seen. To diagnose it, switch stream encryption off",
    ),
    "probe.came.codec_unsupported": (
        "码流的编码格式不支持, 无法查看画面。请改用 H.264 或 H.265",
        "the codec of the stream is not supported: the picture cannot be seen. Use H.264 or H.265",
    ),
    "probe.came.undecodable": (
        "收到关键帧, 但解码失败。请检查丢包和设备固件, 或重启设备",
        "a key frame came, but it cannot be decoded. Check packet loss and the firmware, or restart the device",
    ),
    "probe.came.black": (
        "画面全黑。请检查镜头遮挡, 补光灯, 光圈和传感器",
        "the picture is black. Check for a covered lens, the lamp, the iris and the sensor",
    ),
    "probe.came.no_signal": (
        "画面是“无信号”提示图。请检查录像机与摄像机之间的线缆, 摄像机供电和通道配置",
        "the picture is a no-signal card. Check the cable from recorder to camera, its power, and the channel's set-up",
    ),
    "probe.came.blur": (
        "画面模糊。请检查对焦、镜头污渍和起雾",
        "the picture is blurred. Check the focus, and the lens for dirt and damp",
    ),
    "probe.came.overexposed": (
        "画面过亮。请检查光圈、曝光设置、逆光和补光灯",
        "the picture is too bright. Check iris, exposure, back light and the lamp",
    ),
    "probe.came.underexposed": (
        "画面过暗。请检查光圈、曝光设置、红外灯和补光灯",
        "the picture is too dark. Check iris, exposure and the lamps",
    ),
    "probe.came.low_contrast": (
        "画面对比度过低。请检查镜头起雾、护罩污渍和宽动态设置",
        "the picture lacks contrast. Check for a misted lens or dirty dome, and the range settings",
    ),
    "probe.came.colour_cast": (
        "画面偏色。请检查白平衡和日夜滤光片",
        "the picture has a colour cast. Check white balance and the day-night filter",
    ),
    "probe.came.snow_noise": (
        "画面布满噪点。请检查传感器、增益、模拟线缆和接地",
        "the picture is covered in noise. Check sensor, gain, analogue cable and earthing",
    ),
    "probe.came.stripes": (
        "画面有条纹。请检查电源干扰、接地和模拟线缆",
        "there are stripes across the picture. Check power interference, earthing and analogue cable",
    ),
    "probe.came.mosaic": (
        "画面花屏。请检查网络丢包、编码器和存储卡",
        "the picture is broken into blocks. Check packet loss, the encoder and the memory card",
    ),
    "probe.came.occlusion": (
        "画面被遮挡。请检查镜头前的树叶、蛛网、布或标牌",
        "the view is blocked. Check for leaves, webs, cloth or signs before the lens",
    ),
    "probe.came.frozen": (
        "画面冻结, 时钟可能仍在走。请重启摄像机, 检查编码器",
        "the picture stands still though the clock may run. Restart the camera, check the encoder",
    ),
    "probe.came.scene_change": (
        "画面已不是原来的场景。请检查云台位置、支架和是否被转动",
        "the camera looks elsewhere than before. Check its position and bracket, or whether it was turned",
    ),
    "probe.came.shake": (
        "画面抖动。请检查支架、立杆和风",
        "the picture shakes. Check bracket, pole and wind",
    ),
    "probe.came.unjudged": (
        "已取到画面, 但无法判断",
        "a picture came, but it cannot be judged",
    ),
    "probe.came.weather": (
        "本乡镇正有大范围天气影响, 暂不判断画面",
        "township-wide weather: the picture is not judged now",
    ),
    "probe.picture.media": (
        "码流 {stream}, 编码 {codec}, 收到 {received} KB, 关键帧 {key} KB, 码率 {rate}",
        "stream {stream}, codec {codec}, {received} kB received, key frame {key} kB, bit rate {rate}",
    ),
    "probe.picture.size": ("{width}x{height}", "{width}x{height}"),
    "probe.held": (
        "登录已暂停, 未尝试。可用 `credentials list` 查看原因",
        "the login is paused and was not tried. `credentials list` tells why",
    ),
    "probe.held.refused": (
        "此设备已拒绝登记表里的密码, 为免锁定设备, 未再尝试。请核对密码: 用 --user 和 --password-stdin 试新密码, "
        "对了就重新导入; 若设备已改回原密码, 请用 `credentials check` (24 小时一次, {until} 之后)",
        "this device has refused the password of the register; it was not shown again, so that the device does not "
        "lock. Check it: try another with --user and --password-stdin, then import it; if the device has the old one "
        "again, use `credentials check` (once in 24 h, after {until})",
    ),
    "probe.held.locked": (
        "设备可能已锁定登录, 为免延长锁定, 未尝试。{until} 之后再试, 或在设备上解锁后用 --password-stdin",
        "the device may have locked logins; none was tried. Try after {until}, or unlock it and use --password-stdin",
    ),
    "probe.held.day": (
        "24 小时内此设备已有两次登录失败, 再错可能锁定, 未尝试。请核对密码后用 --user 和 --password-stdin, "
        "或等到 {until}",
        "two logins failed at this device within 24 h, another might lock it: not tried. Check the password and use "
        "--user and --password-stdin, or wait until {until}",
    ),
    "probe.held.second": (
        "24 小时内此设备已有一次登录失败, 余下的一次留给已验证的密码, 未尝试。请核对密码后用 --password-stdin, "
        "或等到 {until}",
        "one login failed at this device within 24 h, and the one that is left is kept for a password that worked: not "
        "tried. Check the password and use --password-stdin, or wait until {until}",
    ),
    "probe.held.suspect": (
        "上次登录没有应答, 可能是密码错误, 暂不再试。{until} 之后再试, 或核对密码后用 --user 和 --password-stdin",
        "the last login had no answer, which may mean a wrong password: not tried. Try after {until}, or check the "
        "password and use --user and --password-stdin",
    ),
    "probe.held.trying": (
        "此设备上正有一次登录, 同一时间只允许一次; 请稍后再试",
        "a login at this device is under way, and there is one at a time: try again in a moment",
    ),
    "probe.came.timeout": (
        "期限内无应答。请检查设备是否死机、网络是否丢包、防火墙是否拦截",
        "no answer before the deadline. Check for a hung camera, packet loss, or a firewall that drops",
    ),
    "probe.came.tcp.timeout": (
        "期限内连不上。请检查供电、网线和光纤、IP 地址、VLAN 和防火墙",
        "no connection before the deadline. Check power, cable and fibre, the IP address, VLAN and firewall",
    ),
    "probe.came.unreachable": (
        "网络报告主机不可达。请检查设备供电和网线, 以及网关上的路由",
        "the network says the host cannot be reached. Check power and cable, and the routes on the gateway",
    ),
    "probe.came.refused": (
        "主机在, 但端口拒绝连接。请检查端口号, 以及设备上 RTSP 服务是否开启",
        "the host is there but refuses this port. Check the port number and that RTSP is switched on",
    ),
    "probe.came.reset": (
        "对方中断了连接。请检查设备负载和固件, 以及中间的防火墙",
        "the connection was cut. Check the device's load and firmware, and firewalls between",
    ),
    "probe.came.protocol": (
        "有应答但不是 RTSP。请检查端口是否属于其他服务",
        "something answers, but not RTSP. Check whether the port belongs to another service",
    ),
    "probe.came.tls": (
        "TLS 握手失败。请检查该端口是否启用 TLS, 设备是否支持 TLS 1.2",
        "the TLS handshake failed. Check that this port speaks TLS and that the device knows TLS 1.2",
    ),
    "probe.came.auth": (
        "用户名或密码被拒 (状态 {status})。请核对密码; 不要反复尝试, 设备会锁定来访地址",
        "user or password refused (status {status}). Check the password; do not keep trying, devices lock the caller",
    ),
    "probe.came.auth_missing": (
        "需要登录 (状态 {status})。请加 --user 用户名",
        "a login is needed (status {status}). Add --user NAME",
    ),
    "probe.came.locked": ("登录已暂停, 请先核对密码", "login is paused: check the password first"),
    "probe.came.busy": (
        "在线, 但此刻不给流 (状态 {status}), 多为连接数已满。请关掉多余的预览后再试",
        "online, but gives no stream now (status {status}): mostly session slots full. Close spare viewers",
    ),
    "probe.came.transport": (
        "在线, 但只支持 UDP 取流 (状态 {status})",
        "online, but offers UDP transport only (status {status})",
    ),
    "probe.came.not_found": (
        "在线, 但此路径没有码流 (状态 {status})。请核对通道号和厂商的地址写法",
        "online, but no stream at this path (status {status}). Check the channel and the maker's address form",
    ),
    "probe.came.no_address": (
        "没有可用的地址。请核对地址或域名",
        "no usable address. Check the address or the name",
    ),
    "probe.came.no_route": (
        "本机没有到该网段的路由, 未能检测。请检查本机网卡和路由",
        "this machine has no route to that network: not checked. Check its network card and routes",
    ),
    "probe.came.no_seat": (
        "本机连接资源不足, 未能检测。请调高 ulimit -n 或稍后再试",
        "this machine is out of sockets or ports: not checked. Raise ulimit -n or try later",
    ),
    "probe.came.stale": (
        "抓图不更新, 画面未判断。请检查摄像机的抓图功能, 或重启",
        "the snapshot does not change: the picture is not judged. Check the camera's snapshot function, or restart it",
    ),
    "probe.came.blind": (
        "程序内部错误, 未能检测; 请把日志交给维护者",
        "internal error: not checked; please give the log to the maintainers",
    ),
    # -- summaries ------------------------------------------------------------------------------------------------
    "probe.summary.ok": ("结论: {target} 正常", "result: {target} works"),
    "probe.summary.fault": ("结论: {target} 故障: {reason}", "result: {target} is faulty: {reason}"),
    "probe.summary.unknown": (
        "结论: {target} 未能判断: {reason}",
        "result: {target} could not be judged: {reason}",
    ),
    "probe.sweep.received": ("收到 {megabytes} MB", "{megabytes} MB received"),
    "probe.sweep.summary": (
        "共 {expected} 路: 正常 {ok}, 故障 {fault}, 未知 {unknown}, 未检测到 {not_tried}, 拒绝 {refused} 行; "
        "用时 {wall} 秒, CPU {cpu} 秒",
        "{expected} targets: {ok} ok, {fault} fault, {unknown} unknown, {not_tried} not tried; "
        "{refused} lines refused; {wall} s, CPU {cpu} s",
    ),
}
