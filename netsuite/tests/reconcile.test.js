/** The reconciliation: all that NetSuite holds, or nothing. */
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { current } = require('../fakes/account');
const { NOW, RECONCILIATION, at, order, reconciler, run } = require('./support');

beforeEach(() => at(NOW));

const names = () => current().sftp.names(RECONCILIATION);
const text = (name) => current().sftp.text(`${RECONCILIATION}/${name}`);

test('it tells each line with its receipts, as the shared example says', () => {
    order({ id: 9, lines: [{ item: 'A', quantity: 2.5, unit: 'CASE', unitRate: 12 }, { item: 'B', quantity: 12, closed: true }] });
    order({ id: 10, lines: [{ item: 'A', quantity: 20 }] });
    current().receive(9, { 1: 0.5 });
    current().receive(9, { 1: 1 }, { externalId: 'WB-RCPT-9-S1' });
    current().receive(10, { 1: 20 }, { externalId: 'WB-RCPT-10-S1' });
    current().receipts.reverse();
    expect(run(reconciler)).toEqual({ error: null });
    expect(names()).toEqual(['WB-RECON-20261120T183000Z-1-of-1.csv']);
    expect(text(names()[0])).toBe(readFileSync(join(__dirname, '..', 'examples', 'reconciliation', 'expected.csv'), 'utf8'));
});

test('a receipt of others whose external id would not fit into the file is told by its internal id', () => {
    const id = order();
    const made = current().receive(id, { 1: 1 }, { externalId: 'old;system=7' });
    expect(run(reconciler)).toEqual({ error: null });
    expect(text(names()[0])).toContain(`,${made}=1\n`);
});

test('if one purchase order cannot be read, nothing is written, and the error names it', () => {
    order();
    const bad = order({ lines: [{ item: 'A', quantity: 1 / 3, unit: 'BOX', unitRate: 7 }] });
    expect(run(reconciler).error).toMatch(`purchase order ${bad}`);
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

test('more than 10 MB go into parts that can be put together', () => {
    const made = Array.from({ length: 20 }, () => order());
    made.forEach((id) => current().receive(id, { 1: 1 }, { externalId: `WB-RCPT-${'x'.repeat(500000)}` }));
    expect(run(reconciler)).toEqual({ error: null });
    expect(names()).toEqual(['WB-RECON-20261120T183000Z-1-of-2.csv', 'WB-RECON-20261120T183000Z-2-of-2.csv']);
    const all = names().map(text).join('');
    expect(all.match(/^po_id/gm)).toHaveLength(1);
    expect(all.match(/\n/g)).toHaveLength(20 * 2 + 1);
});

test('without purchase orders the file has a header only', () => {
    expect(run(reconciler)).toEqual({ error: null });
    expect(text(names()[0])).toBe('po_id,line_id,ordered,received,closed,status,receipts\n');
});
