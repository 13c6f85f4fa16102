"""Messages of exemptions (报备) and of cameras put out of use."""

TEXTS: dict[str, tuple[str, str]] = {
    "exempt.backwards": (
        "报备时段首尾颠倒或为空: --to 必须晚于 --from",
        "the window ends before it begins, or is empty: --to must be later than --from",
    ),
    "exempt.too_long": (
        "报备时段超过 {days} 天: 长期不用的摄像机请改设备状态为停用",
        "the window is longer than {days} days: cameras that are gone for good are put out of use instead",
    ),
    "exempt.one_scope": (
        "请只给一种范围: --camera/--cameras、--area、--device 或 --network",
        "name exactly one scope: --camera or --cameras, --area, --device, or --network",
    ),
    "exempt.bad_reason": (
        "没有这种原因: {reason}; 可用: {known}",
        "no such reason: {reason}; use one of: {known}",
    ),
    "exempt.no_name": (
        "请写明姓名 (--applicant 或 --approver)",
        "name the person (--applicant or --approver)",
    ),
    "exempt.long_note": ("说明超过 {most} 字", "the note is longer than {most} letters"),
    "exempt.unknown": ("登记表里没有: {scope} {value}", "not in the register: {scope} {value}"),
    "exempt.nobody_behind": ("{value} 下没有摄像机", "no camera hangs on {value}"),
    "exempt.too_many": (
        "一次报备最多列 {most} 路: 更多请按区划、设备或网络报备",
        "one exemption lists at most {most} cameras: for more use an area, a device or a network",
    ),
    "exempt.no_camera": (
        "登记表里没有这些编码 ({count} 个): {codes}",
        "not in the register ({count} codes): {codes}",
    ),
    "exempt.overlaps": (
        "{value} 已有报备 第 {id} 号 ({start} 至 {end}), 时段重叠: 请先终止它, 或改时段",
        "{value} has exemption no. {id} ({start} to {end}) already, and the windows overlap: end that one first, or "
        "choose another window",
    ),
    "exempt.no_such": ("没有第 {id} 号报备", "there is no exemption no. {id}"),
    "exempt.decided": ("第 {id} 号报备已由 {by} 审批", "exemption no. {id} was decided already, by {by}"),
    "exempt.same_person": (
        "第 {id} 号报备由 {name} 申请, 须由另一人审批",
        "{name} asked for exemption no. {id}: somebody else must decide",
    ),
    "exempt.nothing_to_end": (
        "第 {id} 号报备已结束, 不能再终止",
        "exemption no. {id} is over: there is nothing left to end",
    ),
    "exempt.bad_list": (
        "无法读取摄像机清单 {file}: {problem}",
        "the list of cameras {file} cannot be read: {problem}",
    ),
    "exempt.bad_attachment": (
        "附件 {file} 不能使用: {problem}",
        "the attachment {file} cannot be used: {problem}",
    ),
    "exempt.attachment_size": ("须为 1 字节到 {most} MB", "it must have between 1 byte and {most} MB"),
    "exempt.attachment_kind": ("不是普通文件", "not a regular file"),
    "exempt.requested": (
        "已登记 第 {id} 号报备 ({cameras}), 待审批: 由另一人执行 camerahub exempt approve {id} --approver 姓名",
        "exemption no. {id} ({cameras}) waits for approval by somebody else: camerahub exempt approve {id} "
        "--approver NAME",
    ),
    "exempt.cameras_listed": ("{count} 路", "{count} cameras"),
    "exempt.cameras_belonging": ("按归属, 随时计算", "whoever belongs to it at each instant"),
    "exempt.approved": (
        "第 {id} 号报备已批准: {start} 至 {end} 不计入报备后指标, 原始指标不变",
        "exemption no. {id} is approved: out of the adjusted rate from {start} to {end}; the raw rate stays",
    ),
    "exempt.rejected": ("第 {id} 号报备已驳回", "exemption no. {id} is rejected"),
    "exempt.ended": ("第 {id} 号报备已终止", "exemption no. {id} is ended"),
    "exempt.backdated": ("补报: 申请晚于起始时间", "asked for after it had begun"),
    "exempt.summary": (
        "共 {count} 条: 生效中 {active}, 待审批 {waiting}",
        "{count} exemptions: {active} in force, {waiting} wait for approval",
    ),
    "exempt.col_id": ("编号", "no."),
    "exempt.col_scope": ("范围", "scope"),
    "exempt.col_value": ("对象", "of"),
    "exempt.col_from": ("起", "from"),
    "exempt.col_to": ("止", "to"),
    "exempt.col_reason": ("原因", "reason"),
    "exempt.col_standing": ("状态", "standing"),
    "exempt.col_applicant": ("申请人", "applicant"),
    "exempt.col_approver": ("审批人", "approver"),
    "exempt.col_attachment": ("附件", "attachment"),
    "exempt.col_note": ("说明", "note"),
    "exempt.status_waiting": ("待审批报备", "exemptions that wait for approval"),
    "exempt.status_exempt": ("报备预警", "exempted at once"),
    "exempt.status_stopped": ("停用预警", "put out of use at once"),
    "exempt.alarm_stopped": (
        "停用预警: {days} 天内停用 {count} 路 (原应检 {of}), 经手 {who}; "
        "请核对 camerahub members --from {since}",
        "alarm: {count} of {of} cameras were put out of use within {days} days, by {who}; see camerahub members --from "
        "{since}",
    ),
    "exempt.alarm_stopped_sampling": (
        "停用预警: 抽检日 {day} 前 {days} 天内停用 {count} 路 (原应检 {of}), 经手 {who}; 请核对 camerahub members "
        "--from {since}",
        "alarm: {count} of {of} cameras were put out of use within {days} days, before the sampling day {day}, by "
        "{who}; see camerahub members --from {since}",
    ),
    "exempt.alarm_exempt": (
        "报备预警: {days} 天内新批报备 {count} 路 (应检 {of}), 申请/审批 {who}; 请核对 camerahub exempt list",
        "alarm: {count} of {of} cameras were exempted within {days} days, by {who}; see camerahub exempt list",
    ),
    "exempt.alarm_exempt_sampling": (
        "报备预警: 抽检日 {day} 前 {days} 天内新批报备 {count} 路 (应检 {of}), 申请/审批 {who}; 请核对 "
        "camerahub exempt list",
        "alarm: {count} of {of} cameras were exempted within {days} days, before the sampling day {day}, by {who}; see "
        "camerahub exempt list",
    ),
    "exempt.col_at": ("时间", "at"),
    "exempt.col_before": ("原", "before"),
    "exempt.col_after": ("现", "after"),
    "exempt.col_counts": ("应检", "counts"),
    "exempt.col_who": ("经手", "by"),
    "exempt.col_file": ("文件", "file"),
    "exempt.in": ("进", "in"),
    "exempt.out": ("出", "out"),
    "exempt.stays": ("不变", "as before"),
    "exempt.col_code": ("编码", "code"),
    "exempt.col_name": ("名称", "name"),
    "exempt.col_area": ("区划", "area"),
    "exempt.col_network": ("网络", "network"),
    "exempt.col_status": ("设备状态", "status"),
    "exempt.col_hours": ("应检时数", "hours"),
    "exempt.col_exempt_hours": ("报备时数", "hours exempt"),
    "exempt.members_summary": (
        "{start} 至 {end} 应检 {count} 路 (其中 {part} 路只有一部分时间)",
        "{start} to {end}: {count} cameras counted ({part} of them for a part of it)",
    ),
    "exempt.one_period": (
        "请给 --day, 或 --from (与 --to)",
        "give --day, or --from (and --to)",
    ),
    "exempt.moves_summary": (
        "共 {count} 次变动: 进入应检 {entered}, 退出应检 {left}; 时段末应检 {expected}",
        "{count} changes: {entered} cameras began to count, {left} ceased to; {expected} count at the end",
    ),
}
