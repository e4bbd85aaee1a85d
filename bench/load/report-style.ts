/** Colours differ enough from each other, and from their ground, for eyes that see few colours; words say the same. */
export const style = `
:root { color-scheme: light dark; --ground: #f6f7f9; --card: #ffffff; --text: #17202c; --quiet: #556070; --line: #dde2e9;
  --grid: #e9edf2; --accent: #2563c9; --good: #0c7a43; --good-ground: #e4f5eb; --bad: #b3202a; --bad-ground: #fdeaea;
  --shade: #eef2f8; --c0: #2563c9; --c1: #d9590f; --c2: #0a8f72; --c3: #8a3fc0; --c4: #b98500; --c5: #c2377a; --c6: #4d5b6b; --c7: #5b8c1a; }
@media (prefers-color-scheme: dark) { :root { --ground: #0e131a; --card: #171e28; --text: #e8edf4; --quiet: #9eabbb; --line: #2b3543;
  --grid: #232c38; --accent: #6ea8ff; --good: #5fd597; --good-ground: #12301f; --bad: #ff8a8a; --bad-ground: #3d181b;
  --shade: #1d2633; --c0: #6ea8ff; --c1: #ff9a5c; --c2: #3fcfae; --c3: #c490f0; --c4: #e6b93f; --c5: #f583b4; --c6: #a9b5c3; --c7: #a3d45c; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); font: 16px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
main { max-width: 1160px; margin: 0 auto; padding: 40px 24px 64px; }
h1 { font-size: 32px; line-height: 1.2; margin: 0 0 4px; letter-spacing: -0.01em; }
h2 { font-size: 21px; margin: 44px 0 14px; }
h3 { font-size: 15px; margin: 0; }
p { margin: 0 0 8px; }
.quiet { color: var(--quiet); }
.verdict { font-size: 19px; margin: 22px 0 16px; font-weight: 600; }
.tiles { display: grid; gap: 14px; grid-template-columns: repeat(4, 1fr); }
.tile, .card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 16px 18px; }
.fault { border-width: 2px; }
.fault.good { border-color: var(--good); background: var(--good-ground); }
.fault.bad { border-color: var(--bad); background: var(--bad-ground); }
.fault b { display: block; font-size: 46px; line-height: 1.1; font-variant-numeric: tabular-nums; }
.good b, .good .word { color: var(--good); }
.bad b, .bad .word { color: var(--bad); }
.word { font-weight: 600; }
.key { margin-top: 14px; grid-template-columns: repeat(6, 1fr); }
.key b { display: block; font-size: 23px; line-height: 1.25; font-variant-numeric: tabular-nums; }
.key span { display: block; font-size: 13.5px; line-height: 1.35; margin-top: 2px; color: var(--quiet); }
.charts { display: grid; gap: 16px; margin-bottom: 16px; grid-template-columns: repeat(2, minmax(0, 1fr)); }
figure { margin: 0; }
figcaption { display: flex; justify-content: space-between; gap: 12px; align-items: baseline; flex-wrap: wrap; }
figcaption .quiet { font-size: 13.5px; }
svg { display: block; width: 100%; height: auto; margin-top: 8px; }
svg text { font: 11.5px system-ui, "Segoe UI", Roboto, sans-serif; fill: var(--quiet); font-variant-numeric: tabular-nums; }
svg .mark { stroke: var(--text); stroke-width: 1.5; stroke-dasharray: 4 3; }
svg .told { fill: var(--text); font-weight: 600; paint-order: stroke; stroke: var(--card); stroke-width: 4px; }
svg .bar { fill: var(--accent); }
svg .grid { stroke: var(--grid); }
svg .axis { stroke: var(--line); }
svg .shade { fill: var(--shade); }
svg .series { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 2px 16px; padding: 0; margin: 6px 0 0; font-size: 13.5px; }
.legend svg { display: inline-block; width: 22px; height: 10px; margin: 0 6px 0 0; vertical-align: middle; }
${Array.from({ length: 8 }, (_, index) => `.s${index} { stroke: var(--c${index}); }`).join('\n')}
.dashed { stroke-dasharray: 5 3; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 7px 14px 7px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
thead th { font-size: 13.5px; color: var(--quiet); font-weight: 600; white-space: nowrap; }
tbody th { font-weight: 500; }
tbody tr:last-child > * { border-bottom: 0; }
.figure { text-align: right; white-space: nowrap; }
details { margin-top: 10px; font-size: 14px; }
summary { cursor: pointer; color: var(--accent); width: fit-content; }
summary:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.badge { display: inline-block; padding: 0 10px; border-radius: 99px; font-size: 13.5px; font-weight: 600; white-space: nowrap; }
.badge.good { background: var(--good-ground); color: var(--good); }
.badge.bad { background: var(--bad-ground); color: var(--bad); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 20px; margin: 0; }
dt { color: var(--quiet); }
dd { margin: 0; }
@media (max-width: 820px) { .tiles { grid-template-columns: repeat(2, 1fr); } .key { grid-template-columns: repeat(2, 1fr); }
  .charts { grid-template-columns: minmax(0, 1fr); } main { padding: 24px 16px; } }
@media print { body { background: #fff; } details { display: none; } .card, .tile { break-inside: avoid; } }
`
