"""Messages of table files: what is wrong with a file, a row or a cell, and what to do about it.

Keys ``tablefile.row.*`` are the reasons of row problems (``registry.tablefile.verdicts.PROBLEMS``).
"""

TEXTS: dict[str, tuple[str, str]] = {
    # the file
    "tablefile.unreadable": ("无法读取文件 {file}: {why}", "cannot read {file}: {why}"),
    "tablefile.no_file": ("没有文件 {file}, 请核对路径", "there is no file {file}: check the path"),
    "tablefile.not_regular": (
        "{file} 不是普通文件 (是目录、管道或设备), 请给出 CSV 或 XLSX 文件",
        "{file} is not a regular file (a folder, pipe or device): give a CSV or XLSX file",
    ),
    "tablefile.too_big": (
        "文件 {file} 超过 {limit} MB, 请分成几个文件导入",
        "{file} is larger than {limit} MB: split it into several files",
    ),
    "tablefile.empty": ("文件 {file} 里没有内容", "{file} is empty"),
    "tablefile.nul": (
        "文件 {file} 第 {offset} 字节处有空字节, 不是文本表格; 请在 Excel 中另存为“CSV UTF-8”或 .xlsx",
        "{file} has a NUL byte at byte {offset}, it is not a text table: save it as 'CSV UTF-8' or .xlsx",
    ),
    "tablefile.encoding": (
        "文件 {file} 第 {row} 行 (第 {offset} 字节) 既不是 UTF-8 也不是 GBK/GB18030 编码; 请另存为“CSV UTF-8”",
        "{file}, line {row} (byte {offset}): neither UTF-8 nor GBK/GB18030; save the file as 'CSV UTF-8'",
    ),
    "tablefile.csv_broken": (
        "文件 {file} 第 {row} 行附近引号不成对或单元格过长; 请用 Excel 打开后重新另存",
        "{file}: unbalanced quotes or an overlong cell near row {row}; open it in Excel and save it again",
    ),
    "tablefile.xlsx_old": (
        "文件 {file} 是旧的 .xls 格式; 请在 Excel 中另存为 .xlsx 或 CSV",
        "{file} is in the old .xls format: save it as .xlsx or CSV",
    ),
    "tablefile.xlsx_encrypted": (
        "文件 {file} 设有打开密码; 请去掉密码后再导入",
        "{file} is encrypted with a password: remove the password first",
    ),
    "tablefile.xlsx_broken": (
        "文件 {file} 不是完好的 .xlsx 文件 ({why}); 请用 Excel 打开后重新另存",
        "{file} is not a sound .xlsx file ({why}): open it in Excel and save it again",
    ),
    "tablefile.xlsx_bomb": (
        "文件 {file} 解压后过大 ({why}), 拒绝打开; 行数很多时请用 CSV",
        "{file} unpacks to too much ({why}) and is not opened; use CSV for very long tables",
    ),
    "tablefile.too_many_rows": ("文件 {file} 超过 {limit} 行", "{file} has more than {limit} rows"),
    "tablefile.no_header": (
        "文件 {file} 里找不到表头: 缺少列 {missing}. 读到的列: {found}. 模板“{profile}”需要: {needed}",
        "{file}: no header row, columns missing: {missing}. Found: {found}. Profile {profile} needs: {needed}",
    ),
    "tablefile.column_twice": (
        "文件 {file} 中有两列都是“{column}” (第 {one} 列和第 {two} 列), 请只保留一列",
        "{file}: two columns are '{column}' (columns {one} and {two}), keep one",
    ),
    "tablefile.unknown_profile": (
        "没有模板“{profile}”; 可用: {known}",
        "no profile '{profile}'; there are: {known}",
    ),
    "tablefile.unknown_county": (
        "没有内置 {county} 的区划代码; 内置: {known}. 其他区县请用 import-areas 文件",
        "no built-in area codes of {county}; built in: {known}. For others give a file to import-areas",
    ),
    "tablefile.areas_what": (
        "请给出区划代码文件, 或 --builtin 代码,代码",
        "give a file of area codes, or --builtin CODE,CODE",
    ),
    "tablefile.cannot_write": ("无法写入 {file}: {why}", "cannot write {file}: {why}"),
    "tablefile.disk": (
        "写入 {file} 时磁盘出错: {why}; 请腾出空间后重做",
        "the disk failed while writing {file}: {why}; make room and do it again",
    ),
    "tablefile.one_output": ("--csv 和 --xlsx 只能选一个", "choose one of --csv and --xlsx"),
    "tablefile.vendors_unreadable": ("无法读取厂商文件 {file}: {why}", "cannot read {file}: {why}"),
    "tablefile.vendors_twice": (
        "厂商文件 {file}: 名称“{name}”同时属于 {one} 和 {two}",
        "{file}: the name '{name}' belongs to both {one} and {two}",
    ),
    "tablefile.vendors_bad": (
        "厂商文件 {file} 中 [{vendor}] 的 {what} 缺少或不合规定",
        "{file}: [{vendor}]: {what} is missing or not allowed",
    ),
    # the row: refused
    "tablefile.row.code_empty": ("设备编码为空", "the camera code is empty"),
    "tablefile.row.code_excel": (
        "设备编码 {value} 被 Excel 变成了科学计数, 原编码已丢失; 请把该列设为“文本”格式后重新填写 20 位编码",
        "the code {value} was turned into a number by Excel and is lost: set the column to Text, enter it again",
    ),
    "tablefile.row.code_rounded": (
        "设备编码 {value} 末五位全是 0, 常见于 Excel 按数字保存之后; 请与原始资料核对",
        "the code {value} ends in five zeros, as Excel often leaves it: compare it with the original",
    ),
    "tablefile.row.code_bad": (
        "设备编码 {value} 不合规定 (国标 20 位数字, 或 1–64 位字母、数字、- _ . : /)",
        "the code {value} is not allowed (20 digits, or 1–64 letters, digits, - _ . : /)",
    ),
    "tablefile.row.code_zeros_lost": (
        "设备编码 {value} 可能丢了前导 0: 档案中已有 {other}; 请把该列设为“文本”格式",
        "the code {value} probably lost its leading zeros: the register has {other}; set the column to Text",
    ),
    "tablefile.row.code_twice": (
        "设备编码 {value} 在第 {first} 行和第 {row} 行重复, 只采用第 {first} 行",
        "the code {value} stands in row {first} and in row {row}; only row {first} is used",
    ),
    "tablefile.row.name_empty": ("设备名称为空", "the name is empty"),
    "tablefile.row.area_bad": (
        "行政区域 {value} 既不是区划代码 (6/9/12 位数字), 也不是已导入的区划名称",
        "{value} is neither an area code (6, 9 or 12 digits) nor the name of an imported area",
    ),
    "tablefile.row.bad_url": (
        "地址写法不对, 应如 rtsp://192.0.2.10:554/路径, 不含空格",
        "not an address: write rtsp://192.0.2.10:554/path, without blanks",
    ),
    "tablefile.row.bad_scheme": (
        "地址类型不对, 此列只接受 {allowed} 地址",
        "wrong kind of address: this column takes {allowed}",
    ),
    "tablefile.row.bad_host": ("IP 地址或主机名不对", "not a usable IP address or host name"),
    "tablefile.row.ip_name": (
        "{value} 不是 IP 地址; 此列只填 IP, 主机名请写成 rtsp:// 地址填在 rtsp_url 列",
        "{value} is no IP address: this column takes an IP; give a host name as an rtsp:// address in rtsp_url",
    ),
    "tablefile.row.ip_port": (
        "{value} 把端口写在了 IP 里; 此列只填 IP, 端口请填在 port 列",
        "{value} is an IP with a port: this column takes the IP alone, put the port into the port column",
    ),
    "tablefile.row.bad_port": ("端口不对, 应为 1–65535", "not a port (1–65535)"),
    "tablefile.row.bad_channel": (
        "通道号不对, 应为 1–4096 或 20 位编码",
        "not a channel (1–4096, or a 20-digit code)",
    ),
    "tablefile.row.bad_status": (
        "设备状态 {value} 不认识, 可填: {allowed}",
        "unknown status {value}; allowed: {allowed}",
    ),
    "tablefile.row.cell_too_long": (
        "单元格超过 {limit} 个字符",
        "the cell has more than {limit} characters",
    ),
    # the row: taken, with a warning
    "tablefile.row.area_empty": (
        "行政区域为空, 摄像机计入“未分配”",
        "no area: the camera counts as unassigned",
    ),
    "tablefile.row.area_unknown": (
        "区划代码 {value} 还没有导入, 暂归 {taken}; 请先用 import-areas 导入区划代码再导入一次",
        "area {value} is not known, taken as {taken}; run import-areas and import again",
    ),
    "tablefile.row.code_area": (
        "编码前 6 位 {prefix} 与行政区域 {area} 不一致, 请核对",
        "the code starts with {prefix}, the area is {area}: check which is right",
    ),
    "tablefile.row.code_short": (
        "设备编码 {value} 只有 19 位, 请核对是否少了一位",
        "the code {value} has 19 digits: check whether one is missing",
    ),
    "tablefile.row.coord_bad": (
        "经纬度不是数字, 未采用",
        "the coordinates are not numbers and were left out",
    ),
    "tablefile.row.coord_half": (
        "经度和纬度只填了一个, 未采用",
        "only one of lon and lat is given; left out",
    ),
    "tablefile.row.coord_zero": ("经纬度为 (0, 0), 未采用", "the coordinates are (0, 0) and were left out"),
    "tablefile.row.coord_swapped": (
        "经度和纬度像是填反了 ({lon}, {lat}), 未采用",
        "longitude and latitude look swapped ({lon}, {lat}); left out",
    ),
    "tablefile.row.coord_outside": (
        "经纬度 ({lon}, {lat}) 不在中国范围内, 未采用",
        "the coordinates ({lon}, {lat}) are outside China and were left out",
    ),
    "tablefile.row.crs_bad": (
        "坐标系 {value} 不认识 (可填 wgs84, cgcs2000, gcj02, bd09), 经纬度未采用",
        "unknown crs {value} (wgs84, cgcs2000, gcj02, bd09); the coordinates were left out",
    ),
    "tablefile.row.url_password": (
        "地址里带有密码, 已拆出并加密保存; 请把密码填在单独的列里",
        "the address held a password: it was taken out and encrypted; use the password column",
    ),
    "tablefile.row.text_password": (
        "文字里夹有带密码的地址, 密码部分已删去",
        "the text held an address with a password; the password was removed",
    ),
    "tablefile.row.no_username": ("有密码而没有用户名", "a password without a user name"),
    "tablefile.row.no_address": (
        "没有地址, 已登记但不检测",
        "no address: registered, but not checked",
    ),
    "tablefile.row.via_no_address": (
        "不知道 {value} 的地址, 已登记但不检测; 请在同一 via 的任一行填写该设备的 ip",
        "no address of {value} is known: registered, but not checked; give its ip in any row with that via",
    ),
    "tablefile.row.vendor_unknown": (
        "厂商 {value} 不在 vendors.toml 中, 只能检测在线, 不能取流",
        "maker {value} is not in vendors.toml: liveness only, no stream address",
    ),
    "tablefile.row.vendor_empty": (
        "没有填厂商, 只能检测在线, 不能取流",
        "no maker given: liveness only, no stream address",
    ),
    "tablefile.row.same_address_row": (
        "与第 {row} 行的 {code} 地址和通道相同, 可能是同一台摄像机",
        "same address and channel as {code} in row {row}: perhaps one camera twice",
    ),
    "tablefile.row.same_address_code": (
        "与档案中的 {code} 地址和通道相同, 可能是同一台摄像机",
        "same address and channel as {code} in the register: perhaps one camera twice",
    ),
    "tablefile.row.mac_bad": ("MAC 地址 {value} 不对, 未采用", "{value} is not a MAC address; left out"),
    "tablefile.row.ipv6_bad": ("IPv6 地址 {value} 不对, 未采用", "{value} is not an IPv6 address; left out"),
    "tablefile.row.date_bad": (
        "日期 {value} 不认识 (可写 2023-05-01, 2023/5/1, 20230501), 未采用",
        "{value} is not a date (2023-05-01, 2023/5/1, 20230501); left out",
    ),
    "tablefile.row.number_bad": ("{value} 不是数字, 未采用", "{value} is not a number; left out"),
    "tablefile.row.claim_state_empty": ("没有填状态", "the state is empty"),
    "tablefile.row.claim_state_bad": (
        "状态 {value} 不认识; 可填: {allowed}",
        "the state {value} is not known; allowed: {allowed}",
    ),
    "tablefile.row.claim_stranger": (
        "登记表里没有编码 {value}, 已照录",
        "the code {value} is not in the register; kept as it is said",
    ),
    "tablefile.row.moment_bad": (
        "时间 {value} 不认识 (可写 2026-11-05 08:00, 2026/11/5 8:00), 未采用",
        "{value} is not a time (2026-11-05 08:00, 2026/11/5 8:00); left out",
    ),
    "tablefile.row.word_unknown": (
        "{value} 不在字典中, 已原样保留; 可填: {allowed}",
        "{value} is not in the dictionary and was kept as it is; allowed: {allowed}",
    ),
    # areas
    "tablefile.row.area_code_bad": (
        "区划代码 {value} 不对, 应为 2–18 位数字, 不以 0 开头",
        "{value} is not an area code (2 to 18 digits, no zero first)",
    ),
    "tablefile.row.area_name_empty": ("区划名称为空", "the name of the area is empty"),
    "tablefile.row.area_twice": (
        "区划代码 {value} 在第 {first} 行和第 {row} 行重复, 只采用第 {first} 行",
        "the area {value} stands in row {first} and in row {row}; only row {first} is used",
    ),
    "tablefile.row.area_no_parent": (
        "上级区划 {value} 不存在, 暂作为最上级",
        "the parent area {value} is not known; taken as a top area for now",
    ),
    # summaries
    "tablefile.summary": (
        "{rows} 行: 新增 {added}, 变更 {changed}, 未变 {unchanged}, 拒收 {refused}",
        "{rows} rows: {added} added, {changed} changed, {unchanged} unchanged, {refused} refused",
    ),
    "tablefile.dry_run": ("(试运行: 什么也没有写入)", "(dry run: nothing was written)"),
    "tablefile.kept_columns": (
        "不认识的列, 已原样保留: {columns}",
        "unknown columns, kept aside: {columns}",
    ),
    "tablefile.dropped_columns": (
        "不认识的列, 名称像密码, 没有保存: {columns}",
        "unknown columns that look like passwords, not stored: {columns}",
    ),
    "tablefile.problem_rows_cut": ("第 {rows} 行等", "rows {rows}, …"),
    "tablefile.problem_more": (
        "同类问题, 内容各不相同, 逐行见 --json",
        "the same kind, each with its own value: see --json",
    ),
    "tablefile.problem_rows": ("第 {rows} 行", "rows {rows}"),
    "tablefile.errors_written": ("拒收的行已写入 {file}", "refused rows were written to {file}"),
    "tablefile.exported": ("已导出 {count} 台摄像机到 {file}", "{count} cameras written to {file}"),
    "tablefile.importing": ("导入", "importing"),
    "tablefile.problem_column": ("问题", "problems"),
}
