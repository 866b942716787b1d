/** The 12 behaviors of the reference implementation by their number in netsuite.md 12, and what our scripts do instead. */
const { createHash } = require('node:crypto');
const { current } = require('../fakes/account');
const {
    FULFILLMENT, NOW, RECEIPT, ack, at, entry, exported, exporter, files, imported, importer, order, put, receipts, run,
} = require('./support');

beforeEach(() => at(NOW));

test('behavior 01: what was approved later, partly received or edited is told, whenever it was made', () => {
    const old = Date.now() - 400 * 86400000;
    const [received, billed] = [order({ created: old, modified: old }), order({ modified: old })];
    current().receive(received, { 1: 5 });
    current().receive(billed, { 1: 5 });
    current().change(billed, (found) => { found.lines[0].billed = 5; });
    expect(exported().map((row) => [row.po_id, row.po_status])).toEqual([[received, 'E'], [received, 'E'], [billed, 'D'], [billed, 'D']]);
});

test('behavior 02: nothing on the purchase order is changed, and what was told is noted after the upload', () => {
    const id = order({ lines: Array.from({ length: 30 }, (_, number) => ({ item: `SKU-${number}`, quantity: 1 })) });
    const { modified } = current().orders.get(id);
    exported();
    const { calls } = current();
    expect(calls.indexOf('custom.save')).toBeGreaterThan(calls.lastIndexOf('sftp.move'));
    expect(calls.filter((call) => call === 'record.create')).toHaveLength(2);
    expect(current().orders.get(id).modified).toBe(modified);
});

test('behavior 03: an upload that failed is repeated by the next run', () => {
    const id = order();
    current().fail('sftp.upload', 'FTP_TRANSFER_TIMEOUT_EXCEEDED');
    expect(run(exporter).error).toMatch('FTP_TRANSFER_TIMEOUT_EXCEEDED');
    expect(exported().map((row) => row.po_id)).toEqual([id, id]);
});

test('behavior 04: commas and quotes are quoted, line breaks never get into a value, letters are UTF-8', () => {
    order({ tranid: 'PO\n1', lines: [{ item: 'BOOT, "XL" PEÑA', quantity: 1 }] });
    expect(run(exporter)).toEqual({ error: null });
    const text = current().sftp.text(`${FULFILLMENT}/${files()[0]}`);
    expect(text.split('\n')[1]).toMatch(/^4410001,PO 1,B,1,900000,"BOOT, ""XL"" PEÑA",1,EA,1,0,F,17,,/);
});

test('behavior 05: a file is written under a temporary name, then renamed, and its trailer seals it', () => {
    order();
    const seen = [];
    current().before('sftp.move', () => seen.push(...current().sftp.names(FULFILLMENT)));
    exported();
    expect(seen).toEqual([`${files()[0]}.tmp`]);
    const lines = current().sftp.text(`${FULFILLMENT}/${files()[0]}`).split(/(?<=\n)/);
    const digest = createHash('sha256').update(lines.slice(0, -1).join('')).digest('hex');
    expect(lines.at(-1)).toBe(`#end,2,${digest}\n`);
});

test('behavior 06: every line is set, those too that nobody named', () => {
    const id = order({ lines: [1, 2, 3, 4].map((n) => ({ item: `SKU-${n}`, quantity: 10 })) });
    imported([entry(id, 'A', { 4: '3' })]);
    expect(receipts(id)).toEqual([['WB-RCPT-A', { 4: 3 }]]);
});

test('behavior 07: line ids are compared as texts, whatever the record gives', () => {
    const id = order();
    // A number in the file is refused by the format; in NetSuite it makes no difference.
    expect(imported([entry(id, 'A', { 1: '3' })])[0].result).toBe('created');
    const [refused] = imported([entry(id, 'B', {}, { items: [{ line_id: 1, quantity: '1' }] })]);
    expect(refused.reason).toMatch('line_id');
});

test('behavior 08: the external id tells a receipt that is there, also one that another run makes meanwhile', () => {
    const id = order();
    let isFirst = true;
    current().before('record.transform', () => {
        if (isFirst) {
            isFirst = false;
            current().receive(id, { 1: 20, 4: 12 }, { externalId: 'WB-RCPT-A' });
        }
    });
    const [result] = imported([entry(id, 'A', { 1: '20', 4: '12' })]);
    expect(result).toMatchObject({ result: 'already', item_receipt_id: '991', po_status: 'F' });
    expect(receipts(id)).toHaveLength(1);
});

test('behavior 08: of two saves of one external id the second is found, not failed', () => {
    const id = order();
    let isFirst = true;
    current().before('receipt.save', () => {
        if (isFirst) {
            isFirst = false;
            current().receipts.push({ id: '700', orderId: id, externalId: 'WB-RCPT-A', lines: [{ line: 1, quantity: 1 }] });
        }
    });
    expect(imported([entry(id, 'A', { 1: '1' })])[0]).toMatchObject({ result: 'already', item_receipt_id: '700' });
});

test('behavior 09: no stage uses more units than NetSuite gives it, with as much as a run takes', () => {
    const orders = Array.from({ length: 3 }, () => order());
    for (let number = 1; number <= 60; number += 1) {
        put(`WB-RCPT-20261120T181500Z-${number}.json`, orders.map((id) => entry(id, `${id}-${number}`, { 1: '0.25' })));
    }
    expect(run(importer)).toEqual({ error: null });
    expect(current().sftp.names(RECEIPT)).toHaveLength(10);
    expect(run(importer)).toEqual({ error: null });
    expect(current().sftp.names(RECEIPT)).toEqual([]);
    expect(current().receipts).toHaveLength(180);
    expect(new Set(current().receipts.map(({ externalId }) => externalId)).size).toBe(180);
});

test('behavior 10: a truncated file is answered and put away, and those behind it are read', () => {
    const id = order();
    put('WB-RCPT-20261119T181500Z-1.json', '[{"order_id":"4410001","items":[');
    expect(imported([entry(id, 'A', { 1: '1' })])[0].result).toBe('created');
    expect(ack('WB-RCPT-20261119T181500Z-1.json').problem).toMatch('the file is no JSON');
});

test('behavior 11: each receipt of a file is answered', () => {
    const id = order();
    const results = imported([entry(id, 'A', { 1: '1' }), entry('999', 'B', { 1: '1' })]);
    expect(results).toEqual([
        { receipt_id: 'A', order_id: id, result: 'created', item_receipt_id: '991', po_status: 'E', reason: null },
        {
            receipt_id: 'B', order_id: '999', result: 'rejected', item_receipt_id: null, po_status: null,
            reason: 'INVALID_INITIALIZE_REF: You can not initialize itemreceipt: invalid reference 999.',
        },
    ]);
});

test('behavior 12: quantities are in the unit of the line, on the way out and on the way in', () => {
    const lines = [{ item: 'A', quantity: 2.5, unit: 'CASE', unitRate: 12 }, { item: 'B', quantity: 0.1, unit: 'KG', unitRate: 1000 }];
    const id = order({ lines });
    expect(exported().map((row) => [row.quantity, row.unit, row.unit_rate])).toEqual([['2.5', 'CASE', '12'], ['0.1', 'KG', '1000']]);
    imported([entry(id, 'A', { 1: '1.5', 4: '0.1' })]);
    expect(receipts(id)).toEqual([['WB-RCPT-A', { 1: 1.5, 4: 0.1 }]]);
    expect(exported().map((row) => row.quantity_received)).toEqual(['1.5', '0.1']);
});
