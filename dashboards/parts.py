"""What every panel has: its place, its words, its colours, its way to the list of cameras behind the number.

Red is 掉线, amber 未检测 (we do not know), green is good, blue a plain count. Words of faults, reasons and states of
logins are the product's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeVar

from grafana_foundation_sdk.builders import bargauge, common, dashboard, prometheus, stat, table, timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common as kinds
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from camerahub.core.result import FAULT_KINDS
from camerahub.core.texts import CATALOGUE

GREEN, AMBER, RED, BLUE, GREY = "green", "orange", "red", "blue", "#8e8e8e"
FACETS = {"online": "在线", "media": "出流", "lit": "点亮", "picture": "完好"}
PROBES = {
    "tcp": "端口",
    "options": "在线探测",
    "rtsp": "登录取流",
    "media": "出流",
    "picture": "取图",
    "snapshot": "抓图",
}
#: Usual names of networks; a register may have others, which are shown as they are.
NETWORKS = {"xueliang": "雪亮", "tianwang": "天网", "huiyan": "慧眼"}
FAULTS = {kind: CATALOGUE[f"diagnose.kind.{kind}"][0] for kind in FAULT_KINDS}
LOGINS = {
    state: CATALOGUE[f"guard.state_{state}"][0]
    for state in ("untried", "held", "trying", "proven", "refused", "locked")
}
#: Share of the cameras that is to be reached: ``figures.target`` of the configuration, and of the alerts.
TARGET = 0.95

SOURCE = model.DataSourceRef(type_val="prometheus", uid="${datasource}")
AnyPanel = stat.Panel | bargauge.Panel | table.Panel | timeseries.Panel
P = TypeVar("P", stat.Panel, bargauge.Panel, table.Panel, timeseries.Panel)


class Query(NamedTuple):
    """One expression. ``legend`` of a chart; ``column`` of a table."""

    expr: str
    legend: str = ""


class Box(NamedTuple):
    """Where a panel stands: 24 columns; a row is 38 pixels."""

    x: int
    y: int
    w: int
    h: int


# --- targets


def _target(query: Query, index: int, *, instant: bool, shape: PromQueryFormat) -> prometheus.Dataquery:
    target = prometheus.Dataquery().expr(query.expr).ref_id(chr(ord("A") + index)).format(shape)
    target = target.legend_format(query.legend or "__auto")
    return target.instant() if instant else target.range()


def _placed(panel: P, title: str, description: str, box: Box) -> P:
    place = model.GridPos(x=box.x, y=box.y, w=box.w, h=box.h)
    return panel.title(title).description(description).grid_pos(place).datasource(SOURCE)


def _asked(panel: P, queries: Sequence[Query], *, instant: bool, shape: PromQueryFormat) -> P:
    for index, query in enumerate(queries):
        panel.with_target(_target(query, index, instant=instant, shape=shape))
    return panel


# --- colours and words


def steps(*bounds: tuple[float | None, str]) -> Builder[model.ThresholdsConfig]:
    """Colour from each bound on; the first bound is None."""
    listed = [model.Threshold(value=value, color=colour) for value, colour in bounds]
    return dashboard.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(listed)


#: A rate: red well below the target, amber below it.
RATE = steps((None, RED), (TARGET - 0.05, AMBER), (TARGET, GREEN))
#: How much was looked at: what is missing is unknown, so never red.
LOOKED = steps((None, AMBER), (0.98, GREEN))
PLAIN = steps((None, BLUE))


def more_is(colour: str) -> Builder[model.ThresholdsConfig]:
    """Green at nothing, the colour from one on."""
    return steps((None, GREEN), (1, colour))


def late(amber_s: float, red_s: float) -> Builder[model.ThresholdsConfig]:
    """An age in seconds."""
    return steps((None, GREEN), (amber_s, AMBER), (red_s, RED))


def words(texts: Mapping[str, str | tuple[str, str]]) -> list[model.ValueMapping]:
    """Values shown as words; with a pair, in a colour."""
    results: dict[str, model.ValueMappingResult] = {}
    for index, (value, told) in enumerate(texts.items()):
        text, colour = told if isinstance(told, tuple) else (told, None)
        results[value] = model.ValueMappingResult(text=text, color=colour, index=index)
    return [model.ValueMap(options=results)]


def prop(name: str, value: object) -> model.DynamicConfigValue:
    """One property of an override."""
    return model.DynamicConfigValue(id_val=name, value=value)


def colour(fixed: str) -> model.DynamicConfigValue:
    """A series of this colour."""
    return prop("color", model.FieldColor(mode=model.FieldColorModeId.FIXED, fixed_color=fixed))


def to_list(
    facet: str, state: str, township: str = "", reason: str = "", title: str = "打开摄像机清单"
) -> Builder[model.DashboardLink]:
    """Link to the hub's list of the cameras behind a number. ``township`` and ``reason`` may be template variables."""
    asked = {"township": township, "facet": facet, "state": state, "reason": reason}
    tail = "&".join(f"{key}={value}" for key, value in asked.items() if value)
    return dashboard.DashboardLink(title).url(f"${{hub}}/cameras?{tail}").target_blank(True)


# --- panels


def number(
    box: Box,
    title: str,
    description: str,
    queries: str | Sequence[Query],
    *,
    unit: str = "none",
    decimals: int = 0,
    thresholds: Builder[model.ThresholdsConfig] = PLAIN,
    mappings: Mapping[str, str | tuple[str, str]] | None = None,
    links: Sequence[Builder[model.DashboardLink]] = (),
    line: bool = True,
    nothing: str = "无数据",
) -> stat.Panel:
    """One figure in large type with the line of its past behind it; several queries stand side by side."""
    listed = [Query(queries)] if isinstance(queries, str) else queries
    panel = _placed(stat.Panel(), title, description, box)
    panel = panel.unit(unit).decimals(decimals).thresholds(thresholds).no_value(nothing)
    panel = panel.color_mode(kinds.BigValueColorMode.VALUE).data_links(list(links))
    panel = panel.graph_mode(kinds.BigValueGraphMode.AREA if line else kinds.BigValueGraphMode.NONE)
    panel = panel.justify_mode(kinds.BigValueJustifyMode.CENTER)
    panel = panel.text_mode(
        kinds.BigValueTextMode.VALUE_AND_NAME if len(listed) > 1 else kinds.BigValueTextMode.VALUE
    )
    panel = panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(False))
    if mappings:
        panel = panel.mappings(words(mappings))
    return _asked(panel, listed, instant=False, shape=PromQueryFormat.TIME_SERIES)


def bars(
    box: Box,
    title: str,
    description: str,
    query: Query,
    *,
    unit: str = "none",
    decimals: int = 0,
    lowest: float = 0,
    highest: float | None = None,
    thresholds: Builder[model.ThresholdsConfig] = PLAIN,
    link: Builder[model.DashboardLink] | None = None,
    names: Mapping[str, str] | None = None,
    colours: Mapping[str, str] | None = None,
) -> bargauge.Panel:
    """One bar a series, now, in the order of the answer. ``names``: legend -> what is shown instead."""
    panel = _placed(bargauge.Panel(), title, description, box)
    panel = panel.unit(unit).decimals(decimals).min(lowest).thresholds(thresholds).no_value("没有")
    panel = panel.orientation(kinds.VizOrientation.HORIZONTAL).display_mode(kinds.BarGaugeDisplayMode.BASIC)
    panel = panel.name_placement(kinds.BarGaugeNamePlacement.LEFT).value_mode(kinds.BarGaugeValueMode.COLOR)
    panel = panel.sizing(kinds.BarGaugeSizing.AUTO).min_viz_height(12).max_viz_height(26)
    panel = panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(False))
    if highest is not None:
        panel = panel.max(highest)
    if link is not None:
        panel = panel.data_links([link])
    for legend, shown in (names or {}).items():
        listed = [prop("displayName", shown)]
        if legend in (colours or {}):
            listed.append(colour((colours or {})[legend]))
        panel = panel.override_by_name(legend, listed)
    return _asked(panel, [query], instant=True, shape=PromQueryFormat.TIME_SERIES)


def lines(
    box: Box,
    title: str,
    description: str,
    queries: Sequence[Query],
    *,
    unit: str = "none",
    decimals: int | None = None,
    colours: Mapping[str, str] | None = None,
    names: Mapping[str, str] | None = None,
    stacked: bool = False,
    lowest: float | None = None,
    highest: float | None = None,
    below: Builder[model.ThresholdsConfig] | None = None,
) -> timeseries.Panel:
    """Lines over time, or a stack. ``colours`` and ``names`` by legend; ``below``: a dashed line at each bound."""
    panel = _placed(timeseries.Panel(), title, description, box)
    panel = panel.unit(unit).line_width(1 if stacked else 2).fill_opacity(55 if stacked else 6)
    panel = panel.show_points(kinds.VisibilityMode.NEVER).span_nulls(False).no_value("没有")
    panel = panel.color_scheme(dashboard.FieldColor().mode(model.FieldColorModeId.PALETTE_CLASSIC))
    legend = common.VizLegendOptions().display_mode(kinds.LegendDisplayMode.LIST)
    panel = panel.legend(
        legend.placement(kinds.LegendPlacement.BOTTOM).show_legend(True).calcs(["lastNotNull"])
    )
    panel = panel.tooltip(
        common.VizTooltipOptions().mode(kinds.TooltipDisplayMode.MULTI).sort(kinds.SortOrder.DESCENDING)
    )
    if decimals is not None:
        panel = panel.decimals(decimals)
    if stacked:
        panel = panel.stacking(common.StackingConfig().mode(kinds.StackingMode.NORMAL))
    if lowest is not None:
        panel = panel.min(lowest)
    if highest is not None:
        panel = panel.max(highest)
    if below is not None:
        dashed = common.GraphThresholdsStyleConfig().mode(kinds.GraphThresholdsStyleMode.DASHED)
        panel = panel.thresholds(below).thresholds_style(dashed)
    for legend_name in {**(names or {}), **(colours or {})}:
        listed = []
        if legend_name in (names or {}):
            listed.append(prop("displayName", (names or {})[legend_name]))
        if legend_name in (colours or {}):
            listed.append(colour((colours or {})[legend_name]))
        panel = panel.override_by_name(legend_name, listed)
    return _asked(panel, queries, instant=False, shape=PromQueryFormat.TIME_SERIES)


class Column(NamedTuple):
    """A column of a table: a label of the answers (``expr`` empty) or the value of a query.

    ``look``: "" plain, "text" or "bar" or "cell" coloured by ``thresholds``. ``link`` stands on the cells.
    """

    title: str
    label: str = ""
    expr: str = ""
    width: int = 0
    unit: str = ""
    decimals: int = 0
    look: str = ""
    thresholds: Builder[model.ThresholdsConfig] | None = None
    link: Builder[model.DashboardLink] | None = None
    mappings: Mapping[str, str | tuple[str, str]] | None = None


_LOOKS: dict[str, object] = {
    "text": kinds.TableColorTextCellOptions(),
    "cell": kinds.TableColoredBackgroundCellOptions(mode=kinds.TableCellBackgroundDisplayMode.BASIC),
    "bar": kinds.TableBarGaugeCellOptions(
        mode=kinds.BarGaugeDisplayMode.BASIC, value_display_mode=kinds.BarGaugeValueMode.TEXT
    ),
}


def _properties(column: Column) -> list[model.DynamicConfigValue]:
    found = []
    if column.width:
        found.append(prop("custom.width", column.width))
    if column.unit:
        found += [prop("unit", column.unit), prop("decimals", column.decimals)]
    if column.unit == "percentunit":
        found += [prop("min", 0), prop("max", 1)]
    if column.thresholds is not None:
        found.append(prop("thresholds", column.thresholds.build()))
        found.append(prop("color", model.FieldColor(mode=model.FieldColorModeId.THRESHOLDS)))
    if column.look:
        found.append(prop("custom.cellOptions", _LOOKS[column.look]))
    if column.link is not None:
        found.append(prop("links", [column.link.build()]))
    if column.mappings:
        found.append(prop("mappings", words(column.mappings)))
    return found


def rows(
    box: Box,
    title: str,
    description: str,
    columns: Sequence[Column],
    *,
    rank: str = "",
    worst_first: bool = False,
    nothing: str = "没有",
) -> table.Panel:
    """A table: answers of all queries merged by their labels. ``rank``: the column whose order numbers the rows."""
    panel = _placed(table.Panel(), title, description, box).no_value(nothing)
    panel = panel.show_header(True).cell_height(kinds.TableCellHeight.SM)
    panel = panel.align(kinds.FieldTextAlignment.AUTO).filterable(False)
    asked = [column for column in columns if column.expr]
    for column in columns:
        if properties := _properties(column):
            panel = panel.override_by_name(column.title, properties)
    panel = _asked(panel, [Query(c.expr) for c in asked], instant=True, shape=PromQueryFormat.TABLE)
    return panel.transformations(_transformations(columns, rank, worst_first))


def _transformations(
    columns: Sequence[Column], rank: str, worst_first: bool
) -> list[model.DataTransformerConfig]:
    """Merge, keep and name the columns, sort, number."""
    asked = [column for column in columns if column.expr]
    names: dict[str, str] = {}
    order: dict[str, int] = {}
    refs = iter(range(len(asked)))
    for index, column in enumerate(columns):
        source = column.label or (f"Value #{chr(ord('A') + next(refs))}" if len(asked) > 1 else "Value")
        names[source], order[source] = column.title, index
    keep = {"include": {"names": list(names)}}
    steps_: list[tuple[str, object]] = [("merge", {}), ("filterFieldsByName", keep)]
    steps_.append(("organize", {"excludeByName": {}, "indexByName": order, "renameByName": names}))
    if rank:
        steps_.append(("sortBy", {"fields": {}, "sort": [{"field": rank, "desc": not worst_first}]}))
    return [model.DataTransformerConfig(id_val=name, options=options) for name, options in steps_]


# --- boards


def board(uid: str, title: str, description: str, panels: Sequence[AnyPanel]) -> dashboard.Dashboard:
    """A dashboard of one screen with the variables and links they all have."""
    made = dashboard.Dashboard(title).uid(uid).description(description).tags(["camerahub"])
    made = made.timezone("browser").time("now-24h", "now").refresh("1m").week_start("monday")
    made = made.readonly().tooltip(model.DashboardCursorSync.CROSSHAIR)
    made = made.link(
        dashboard.DashboardLink("camerahub")
        .type(model.DashboardLinkType.DASHBOARDS)
        .tags(["camerahub"])
        .keep_time(True)
    ).link(
        dashboard.DashboardLink("摄像机清单")
        .type(model.DashboardLinkType.LINK)
        .url("${hub}/cameras")
        .icon("external link")
        .target_blank(True)
    )
    for variable in _variables():
        made = made.with_variable(variable)
    for panel in panels:
        made = made.with_panel(panel)
    return made


def everything() -> model.VariableOption:
    """The choice of all."""
    return model.VariableOption(text="All", value="$__all", selected=True)


def chosen(name: str, label: str, metric: str, source: str) -> dashboard.QueryVariable:
    """A variable of the values a label has; all of them by default."""
    variable = dashboard.QueryVariable(name).label(label).datasource(SOURCE)
    variable = variable.query(
        {"query": f"label_values({metric}, {source})", "refId": "StandardVariableQuery"}
    )
    variable = variable.refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED).include_all(True).all_value(".*")
    return variable.current(everything()).sort(model.VariableSort.ALPHABETICAL_ASC)


HUB = "http://127.0.0.1:9320"


def _variables() -> list[Builder[model.VariableModel]]:
    return [
        dashboard.DatasourceVariable("datasource").label("数据源").type("prometheus"),
        chosen("county", "区县", "camerahub_area_info", "county"),
        chosen("network", "网络", "camerahub_cameras_expected", "network").multi(True),
        dashboard.ConstantVariable("hub").label("camerahub 地址").value(HUB),
    ]
