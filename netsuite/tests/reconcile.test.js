/** The reconciliation: all that NetSuite holds, and what of it cannot be told. */
const { createHash } = require('node:crypto');
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { current } = require('../fakes/account');
const { NOW, RECONCILIATION, at, later, order, reconciler, run } = require('./support');

beforeEach(() => at(NOW));

const names = () => current().sftp.names(RECONCILIATION);
const text = (name) => current().sftp.text(`${RECONCILIATION}/${name}`);

/** A file with its last line as the format wants it, computed beside the script. */
function sealed(body, ...trailer) {
    const start = `${body}#end,${trailer.join(',')},`;
    return `${start}${createHash('sha256').update(start).digest('hex')}\n`;
}

test('it tells each line with its receipts, as the shared example says', () => {
    order({ id: 9, lines: [{ item: 'A', quantity: 2.5, unit: 'CASE', unitRate: 12 }, { item: 'B', quantity: 12, closed: true }] });
    order({ id: 10, lines: [{ item: 'A', quantity: 20 }] });
    current().receive(9, { 1: 0.5 });
    current().receive(9, { 1: 1 }, { externalId: 'WB-RCPT-9-S1' });
    current().receive(10, { 1: 20 }, { externalId: 'WB-RCPT-10-S1' });
    current().receipts.reverse();
    order({ id: 11, lines: [{ item: 'A', quantity: 12 }, { item: 'DISCOUNT', quantity: -1 }] });
    expect(run(reconciler).error).toBe(
        'written, with purchase orders that cannot be told:\npurchase order 11: line 4: the quantity -1 is negative',
    );
    expect(names()).toEqual(['WB-RECON-20261120T183000Z-1-of-1.csv']);
    expect(text(names()[0])).toBe(readFileSync(join(__dirname, '..', 'examples', 'reconciliation', 'expected.csv'), 'utf8'));
});

test('the name tells when reading began: a receipt that was made meanwhile may be missing', () => {
    const id = order();
    const summarize = (summary) => {
        later(5);
        current().receive(id, { 1: 3 }, { externalId: 'WB-RCPT-S1' });
        reconciler.summarize(summary);
    };
    expect(run({ ...reconciler, summarize })).toEqual({ error: null });
    expect(names()).toEqual(['WB-RECON-20261120T183000Z-1-of-1.csv']);
    expect(text(names()[0])).not.toContain('S1');
});

test('a receipt of others whose external id would not fit into the file is told by its internal id', () => {
    const id = order();
    const made = current().receive(id, { 1: 1 }, { externalId: 'old;system=7' });
    expect(run(reconciler)).toEqual({ error: null });
    expect(text(names()[0])).toContain(`,${made}=1\n`);
});

test.each([
    ['has an inexact quantity', { lines: [{ item: 'A', quantity: 1 / 3, unit: 'BOX', unitRate: 7 }] }, () => {}, 'no exact quantity'],
    ['is what the script fails over', {}, () => { current().unitsOf = { reduce: 25 }; }, 'SSS_USAGE_LIMIT_EXCEEDED'],
])('a purchase order that %s has a row that says so, and the others are told', (_, fields, prepare, reason) => {
    const good = order();
    const bad = order(fields);
    current().receive(bad, { 1: 0 });
    prepare();
    expect(run(reconciler).error).toMatch(`purchase order ${bad}: `);
    const told = text(names()[0]).split('\n');
    expect(told.filter((row) => row.startsWith(good))).toHaveLength(2);
    expect(told.filter((row) => row.startsWith(bad))).toEqual([expect.stringMatching(`^${bad},,,,,,.*${reason}`)]);
});

test('where nobody knows which purchase orders there are, nothing is written', () => {
    order();
    current().parameters.custscript_wb_rec_host = '';
    expect(run(reconciler).error).toMatch('nothing was written:\nsearch: ');
    expect(names()).toEqual([]);
});

test('open purchase orders are told whatever their age, finished ones as far back as asked', () => {
    const old = Date.now() - 400 * 86400000;
    order({ id: 1, modified: old });
    order({ id: 2, modified: old, lines: [{ item: 'A', quantity: 1, closed: true }] });
    order({ id: 3, lines: [{ item: 'A', quantity: 1, closed: true }] });
    run(reconciler);
    expect(text(names()[0]).match(/^\d+/gm)).toEqual(['1', '1', '3']);
    current().parameters.custscript_wb_rec_days = '500';
    at('2026-11-20T18:45:00Z');
    run(reconciler);
    expect(text(names()[1]).match(/^\d+/gm)).toEqual(['1', '1', '2', '3']);
});

test('more than 10 MB go into parts, each whole and sealed with which one it is', () => {
    const made = Array.from({ length: 20 }, () => order());
    made.forEach((id) => current().receive(id, { 1: 1 }, { externalId: `WB-RCPT-${'x'.repeat(500000)}` }));
    const summarize = (summary) => {
        later(5);
        reconciler.summarize(summary);
    };
    expect(run({ ...reconciler, summarize })).toEqual({ error: null });
    expect(names()).toEqual(['WB-RECON-20261120T183000Z-1-of-2.csv', 'WB-RECON-20261120T183000Z-2-of-2.csv']);
    const told = names().flatMap((name, place) => {
        const [header, ...rows] = text(name).split('\n').slice(0, -2);
        const body = `${[header, ...rows].join('\n')}\n`;
        expect(header).toMatch(/^po_id,/);
        expect(text(name)).toBe(sealed(body, rows.length, place + 1, 2, NOW));
        return rows;
    });
    expect(told).toHaveLength(20 * 2);
});

test('without purchase orders the file has no rows', () => {
    expect(run(reconciler)).toEqual({ error: null });
    expect(names()).toEqual(['WB-RECON-20261120T183000Z-1-of-1.csv']);
    expect(text(names()[0])).toBe(sealed('po_id,line_id,ordered,received,closed,status,receipts\n', 0, 1, 1, NOW));
});
