// One dashboard as Grafana draws it: the JSON checked in, live answers, panels of @grafana/ui.
import React, { useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { lastValueFrom } from 'rxjs';
import {
  EventBusSrv, FieldConfigOptionsRegistry, ThemeContext, applyFieldOverrides, cacheFieldDisplayNames, createTheme, dateTime,
  getDisplayValueAlignmentFactors, getFieldDisplayValues, standardTransformers, standardTransformersRegistry, transformDataFrame,
} from '@grafana/data';
import { BarGauge, BigValue, GlobalStyles, PanelChrome, PanelContextProvider, TimeSeries, VizRepeater } from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';
import { answers } from './prometheus.js';

const theme = createTheme({ colors: { mode: 'dark' } });
const asked = new URLSearchParams(location.search);
const UNIT = 30, GAP = 8, WIDTH = Number(asked.get('width') ?? 1600);

const used = ['mergeTransformer', 'filterFieldsByNameTransformer', 'organizeFieldsTransformer', 'sortByTransformer'];
standardTransformersRegistry.setInit(() =>
  used.map((name) => standardTransformers[name]).map((found) => ({
    id: found.id, name: found.name, transformation: async () => found, editor: () => null,
  }))
);

// Which properties of a field may be overridden, and where they are kept.
const custom = [
  'width', 'cellOptions', 'align', 'lineWidth', 'fillOpacity', 'drawStyle', 'lineInterpolation', 'showPoints', 'spanNulls',
  'stacking', 'thresholdsStyle',
];
const plain = ['unit', 'decimals', 'min', 'max', 'displayName', 'thresholds', 'color', 'mappings', 'links', 'noValue'];
const item = (id, path, isCustom) => ({
  id, path, isCustom, name: id, shouldApply: () => true, process: (value) => value, getItemsCount: () => 0,
});
const registry = new FieldConfigOptionsRegistry(() => [
  ...plain.map((name) => item(name, name, false)),
  ...custom.map((name) => item(`custom.${name}`, name, true)),
]);

// What Grafana's plugin of charts takes where a dashboard says nothing.
const PLUGIN = { timeseries: { drawStyle: 'line', lineInterpolation: 'linear', stacking: { mode: 'none', group: 'A' } } };

function dressed(frames, panel) {
  const { defaults, overrides } = panel.fieldConfig;
  const fieldConfig = { overrides, defaults: { ...defaults, custom: { ...PLUGIN[panel.type], ...defaults.custom } } };
  const found = applyFieldOverrides({
    data: frames, fieldConfig, fieldConfigRegistry: registry, replaceVariables: (text) => text, theme, timeZone: 'browser',
  });
  cacheFieldDisplayNames(found);
  return found;
}

function Numbers({ panel, data, width, height }) {
  const options = panel.options;
  const get = () =>
    getFieldDisplayValues({
      fieldConfig: panel.fieldConfig, reduceOptions: options.reduceOptions, replaceVariables: (text) => text,
      theme, data, sparkline: options.graphMode !== 'none', timeZone: 'browser',
    });
  return (
    <VizRepeater getValues={get} source={data} width={width} height={height} orientation="vertical" autoGrid itemSpacing={3}
      renderCounter={0}
      renderValue={({ value, width, height, count }) => (
        <BigValue value={value.display} count={count} sparkline={value.sparkline} colorMode={options.colorMode} graphMode={options.graphMode}
          justifyMode={options.justifyMode} textMode={options.textMode} width={width} height={height} theme={theme} />
      )} />
  );
}

function Bars({ panel, data, width, height }) {
  const options = panel.options;
  const get = () =>
    getFieldDisplayValues({
      fieldConfig: panel.fieldConfig, reduceOptions: options.reduceOptions, replaceVariables: (text) => text, theme, data, timeZone: 'browser',
    });
  return (
    <VizRepeater getValues={get} source={data} width={width} height={height} orientation="horizontal" itemSpacing={10} renderCounter={0} getAlignmentFactors={getDisplayValueAlignmentFactors}
      minVizHeight={options.minVizHeight} maxVizHeight={options.maxVizHeight}
      renderValue={({ value, width, height, alignmentFactors }) => (
        <BarGauge value={value.display} field={value.field} display={value.view?.getFieldDisplayProcessor(value.colIndex)} text={options.text}
          orientation="horizontal" displayMode={options.displayMode} valueDisplayMode={options.valueMode} namePlacement={options.namePlacement}
          itemSpacing={10} showUnfilled alignmentFactors={alignmentFactors} width={width} height={height} theme={theme} />
      )} />
  );
}

function Table({ panel, data, width, height }) {
  if (!data[0]?.length) return <div style={{ padding: 20, color: '#8e8e8e' }}>{panel.fieldConfig.defaults.noValue}</div>;
  return <TableNG data={data[0]} width={width} height={height} cellHeight="sm" timeRange={timeRange()} structureRev={1} disableKeyboardEvents />;
}

let span;
const timeRange = () => ({
  from: dateTime(span.start * 1000), to: dateTime(span.end * 1000), raw: { from: 'now-24h', to: 'now' },
});

function Lines({ panel, data, width, height }) {
  return (
    <TimeSeries frames={data} timeRange={timeRange()} timeZone="browser" width={width} height={height}
      legend={{ ...panel.options.legend, showLegend: true }} options={panel.options} />
  );
}

const DRAWN = { stat: Numbers, bargauge: Bars, table: Table, timeseries: Lines };

async function filled(board) {
  const words = { $county: '', $network: '.*', $facet: 'online', $ago: asked.get('ago') ?? '5m', $__rate_interval: '1m' };
  return Promise.all(
    board.panels.map(async (panel) => {
      const found = await answers(asked.get('prometheus'), panel, words, span);
      const data = panel.transformations?.length ? await lastValueFrom(transformDataFrame(panel.transformations, found)) : found;
      return { panel, data: dressed(data, panel) };
    })
  );
}

function Board({ board }) {
  const [panels, set] = useState([]);
  useEffect(() => {
    filled(board).then(set).then(() => setTimeout(() => (document.title = 'drawn'), 1500), (error) => (document.title = String(error)));
  }, []);
  const column = (WIDTH - GAP) / 24;
  return (
    <div style={{ position: 'relative', width: WIDTH, height: 2000 }}>
      <div style={{ color: '#ccccdc', fontSize: 15, padding: '9px 14px', borderBottom: '1px solid #2a2b31', display: 'flex', gap: 24 }}>
        <b>{board.title}</b>
        {board.templating.list.filter(({ hide, type }) => !hide && type !== 'constant').map((v) => (
          <span key={v.name} style={{ fontSize: 12, color: '#9a9aad' }}>{v.label} <span style={{ color: '#ccccdc' }}>{v.name === 'datasource' ? 'Prometheus' : v.current?.text}</span></span>
        ))}
      </div>
      {panels.map(({ panel, data }) => {
        const { x, y, w, h } = panel.gridPos, Drawn = DRAWN[panel.type];
        const width = w * column - GAP, height = h * UNIT + (h - 1) * GAP;
        return (
          <div key={panel.id} style={{ position: 'absolute', left: GAP + x * column, top: 46 + y * (UNIT + GAP), width, height }}>
            <PanelChrome title={panel.title} description={panel.description} width={width} height={height}>
              {(innerWidth, innerHeight) => <Drawn panel={panel} data={data} width={innerWidth} height={innerHeight} />}
            </PanelChrome>
          </div>
        );
      })}
    </div>
  );
}

const name = asked.get('board');
const step = Number(asked.get('step') ?? 5), end = Math.floor(Date.now() / 1000 / step) * step;
span = { start: end - Number(asked.get('minutes') ?? 10) * 60, end, step };
fetch(`/boards/${name}.json`).then((answer) => answer.json()).then((board) =>
  createRoot(document.getElementById('root')).render(
    <ThemeContext.Provider value={theme}>
      <PanelContextProvider value={{ eventsScope: 'shots', eventBus: new EventBusSrv() }}>
        <GlobalStyles />
        <Board board={board} />
      </PanelContextProvider>
    </ThemeContext.Provider>
  )
);
