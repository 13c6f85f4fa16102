// Answers of Prometheus as Grafana's data source would hand them to a panel.
import { FieldType, createDataFrame } from '@grafana/data';

// NaN comes to a panel as null, as over Grafana's own wire.
const number = (text) => (text === null || Number.isNaN(Number(text)) ? null : Number(text));

const letters = (text, labels) => text.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, name) => labels[name] ?? '');

async function asked(base, path, words) {
  const answer = await fetch(`${base}/api/v1/${path}?${new URLSearchParams(words)}`);
  const said = await answer.json();
  if (said.status !== 'success') throw new Error(`${words.query}: ${said.error}`);
  return said.data.result;
}

function series(target, labels, points) {
  const legend = target.legendFormat && target.legendFormat !== '__auto' ? letters(target.legendFormat, labels) : undefined;
  return createDataFrame({
    refId: target.refId,
    fields: [
      { name: 'Time', type: FieldType.time, values: points.map(([at]) => at * 1000), config: {} },
      {
        name: 'Value',
        type: FieldType.number,
        labels,
        values: points.map(([, value]) => number(value)),
        config: legend ? { displayNameFromDS: legend } : {},
      },
    ],
  });
}

function tabled(target, found, name) {
  const labels = [...new Set(found.flatMap(({ metric }) => Object.keys(metric)))].sort();
  const text = (label) => ({
    name: label, type: FieldType.string, config: {}, values: found.map(({ metric }) => metric[label] ?? ''),
  });
  return createDataFrame({
    refId: target.refId,
    fields: [
      { name: 'Time', type: FieldType.time, config: {}, values: found.map(({ value }) => value[0] * 1000) },
      ...labels.map(text),
      { name, type: FieldType.number, config: {}, values: found.map(({ value }) => number(value[1])) },
    ],
  });
}

// Gaps are shown as gaps: every series on the same instants.
function filled(points, { start, end, step }) {
  const known = new Map(points.map(([at, value]) => [Math.round(at), value]));
  const all = [];
  for (let at = start; at <= end; at += step) all.push([at, known.has(at) ? known.get(at) : null]);
  return all;
}

export async function answers(base, panel, words, range) {
  const frames = [];
  for (const target of panel.targets) {
    const query = Object.entries(words).reduce((text, [name, value]) => text.replaceAll(name, value), target.expr);
    if (!target.instant) {
      const found = await asked(base, 'query_range', { query, ...range });
      frames.push(...found.map(({ metric, values }) => series(target, metric, filled(values, range))));
      continue;
    }
    const found = await asked(base, 'query', { query, time: range.end });
    if (target.format === 'table')
      frames.push(tabled(target, found, panel.targets.length > 1 ? `Value #${target.refId}` : 'Value'));
    else frames.push(...found.map(({ metric, value }) => series(target, metric, [value])));
  }
  return frames;
}
