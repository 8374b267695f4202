import { Graph, layout } from '@dagrejs/dagre';

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A state, around its middle. */
export interface Box extends Point {
  readonly name: string;
  readonly width: number;
}

/** A transition: the `d` of its path, and where what is written at it begins. */
export interface Line {
  readonly path: string;
  readonly label: Point;
}

export interface Link {
  readonly from: string;
  readonly to: string;
}

export const boxHeight = 46;
const boxPadding = 12;
/** Nothing here measures text, and the widths of people's fonts differ: this is a wide one's. */
const characterWidth = 7.5;
/** Room for what is written below the state's name, however short that is. */
const minimumCharacters = 15;
const labelSize = { width: 26, height: 14 };
const widestGap = 22;

/**
 * Where states and transitions are drawn.
 * @param links in the order of their rank: a cycle is broken where a walk in this order closes it
 */
export function arrange(states: readonly string[], links: readonly Link[]) {
  const graph = new Graph();
  graph.setGraph({ nodesep: 16, edgesep: 12, ranksep: 34, marginx: 10, marginy: 10 });
  for (const name of states) {
    const characters = Math.max(name.length, minimumCharacters);
    graph.setNode(name, {
      width: Math.ceil(characters * characterWidth) + 2 * boxPadding,
      height: boxHeight,
    });
  }
  for (const { from, to } of links) graph.setEdge(from, to, { ...labelSize, labelpos: 'r', labeloffset: 6 });
  layout(graph);
  // The package's types get lost under Node's rules for imports.
  const { width, height } = graph.graph() as { width: number; height: number };
  const boxes = new Map(states.map((name) => [name, boxOf(name, graph.node(name) as Box)]));
  const bent = links.map(({ from, to }) => {
    const { x, y, points } = graph.edge(from, to) as Point & { points: Point[] };
    return { from: boxes.get(from)!, to: boxes.get(to)!, bends: points.slice(1, -1), label: { x, y } };
  });
  const portOf = ports(
    bent
      .filter(({ from, to }) => from !== to)
      .flatMap(({ from, to, bends }) => [
        { box: from, bend: bends[0]! },
        { box: to, bend: bends.at(-1)! },
      ]),
  );
  return {
    width: Math.ceil(width),
    height: Math.ceil(height),
    boxes: [...boxes.values()],
    lines: bent.map(({ from, to, bends, label }) =>
      from === to
        ? loopAt(from)
        : {
            path: curve([portOf(from, bends[0]!), ...bends, portOf(to, bends.at(-1)!)]),
            label: rounded({ x: label.x - labelSize.width / 2, y: label.y + labelSize.height / 2 }),
          },
    ),
  };
}

function boxOf(name: string, { x, y, width }: Box): Box {
  return { name, width, ...rounded({ x, y }) };
}

/** From a state to itself, in the room that the label has beside it. */
function loopAt({ x, y, width }: Box): Line {
  const right = x + width / 2;
  return {
    path: `M${right} ${y - 10}c${labelSize.width} 0 ${labelSize.width} 20 0 20`,
    label: { x: right + labelSize.width, y },
  };
}

interface End {
  readonly box: Box;
  readonly bend: Point;
}

/** Lines meet a box above or below, side by side in the order in which they come, so that none hides another. */
function ports(ends: readonly End[]) {
  return (box: Box, bend: Point): Point => {
    const side = Math.sign(bend.y - box.y);
    const bends = ends
      .filter((end) => end.box === box && Math.sign(end.bend.y - box.y) === side)
      .map((end) => end.bend)
      .toSorted((a, b) => a.x - b.x);
    const gap = Math.min(widestGap, (box.width - 2 * boxPadding) / bends.length);
    const place = bends.indexOf(bend) - (bends.length - 1) / 2;
    return { x: box.x + place * gap, y: box.y + (side * boxHeight) / 2 };
  };
}

/** Upright in every point. */
function curve(points: readonly Point[]): string {
  const [start, ...others] = points.map(rounded);
  let { x, y } = start!;
  let path = `M${x} ${y}`;
  for (const next of others) {
    const middle = Math.round((y + next.y) / 2);
    path += `C${x} ${middle} ${next.x} ${middle} ${next.x} ${next.y}`;
    ({ x, y } = next);
  }
  return path;
}

function rounded({ x, y }: Point): Point {
  return { x: Math.round(x), y: Math.round(y) };
}
