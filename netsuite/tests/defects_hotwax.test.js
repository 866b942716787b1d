/** The 20 defects of the stock flow by their number in hotwax.md 4.7, and what our scripts do instead. */
const { current } = require('../fakes/account');
const {
    FULFILLMENT, NOW, RECEIPT, ack, at, entry, exported, exporter, files, imported, importer, later, order, put, receipts, rows, run,
} = require('./support');

const NAME = 'WB-RCPT-20261120T181500Z-1.json';
const ids = (told) => [...new Set(told.map((row) => row.po_id))];

describe('the exporter', () => {
    beforeEach(() => at(NOW));

    test('defect 01: a purchase order of last week that is approved today is told today', () => {
        const id = order({ approval: 'pending', modified: Date.now() - 7 * 86400000 });
        expect(exported()).toEqual([]);
        later(15);
        current().change(id, (found) => { found.approval = 'approved'; });
        expect(ids(exported())).toEqual([id]);
    });

    test('defect 02: a purchase order that was edited, partly received or closed after its export is told again', () => {
        const id = order();
        exported();
        const changes = [
            (found) => { found.lines[0].quantity = 30; },
            (found) => found.lines.push({ ...found.lines[0], line: 7, uniqueKey: 77, item: 'SKU-3' }),
            () => current().receive(id, { 1: 5 }),
            (found) => found.lines.forEach((line) => { line.closed = true; }),
        ];
        const statuses = changes.map((change) => {
            later(15);
            current().change(id, change);
            return exported()[0].po_status;
        });
        expect(statuses).toEqual(['B', 'B', 'E', 'H']);
        later(15);
        expect(exported()).toEqual([]);
    });

    test.each(['sftp.createConnection', 'sftp.upload', 'sftp.move', 'sftp.list'])(
        'defect 03: after %s failed the purchase order is not called told, and the next run tells it',
        (call) => {
            const id = order();
            current().fail(call, 'CONNECTION_RESET');
            expect(run(exporter).error).toMatch('CONNECTION_RESET');
            expect(current().customRecords.filter((row) => row.custrecord_wb_exp_print)).toEqual([]);
            // After midnight, and the day after, it is still owed.
            later(3 * 24 * 60);
            expect(ids(exported())).toEqual([id]);
        },
    );

    test('defect 03: an upload that arrived cut is seen by its size, and told again', () => {
        const id = order();
        let isCut = true;
        current().before('sftp.list', () => {
            const [path] = [...current().sftp.files.keys()].filter((name) => name.endsWith('.tmp'));
            if (isCut && path) {
                current().sftp.put(path, current().sftp.text(path).slice(0, 100));
                isCut = false;
            }
        });
        expect(run(exporter).error).toMatch('100 bytes on the server instead of');
        expect(files()).toEqual([]);
        expect(ids(exported())).toEqual([id]);
    });

    test('defect 04: there is no repair script: one good run tells whatever failed before it', () => {
        const first = order();
        current().fail('sftp.upload', 'FTP_PERMISSION_DENIED', 2);
        run(exporter);
        const second = order();
        run(exporter);
        expect(ids(exported())).toEqual([first, second]);
    });

    test('defect 05: a purchase order that cannot be read is reported and owed; it is never told without a line', () => {
        const lines = [{ item: 'A', quantity: 5 }, { item: 'B', quantity: 1 / 3, unit: 'BOX', unitRate: 7 }];
        const bad = order({ lines });
        const good = order();
        expect(run(exporter).error).toMatch(`purchase order ${bad}: line 4`);
        expect(ids(rows())).toEqual([good]);
        expect(current().customRecords.find(({ name }) => name === `WB-PO-${bad}`).custrecord_wb_exp_problem).toMatch('line 4');
        later(60);
        expect(run(exporter)).toEqual({ error: null });
        current().orders.get(bad).lines[1].quantity = 2;
        current().version += 1;
        later(60);
        expect(exported().map((row) => [row.po_id, row.line_id])).toEqual([[bad, '1'], [bad, '4']]);
    });

    test('defect 05: what NetSuite ends in the map stage is reported, and read again in the next run', () => {
        const id = order();
        current().fail('search customrecord_waybill_po_export', 'UNEXPECTED_ERROR', 1);
        expect(run(exporter).error).toMatch('UNEXPECTED_ERROR');
        later(5 * 24 * 60);
        expect(ids(exported())).toEqual([id]);
    });

    test('defect 06: the copy of a purchase order that was told is told', () => {
        const id = order();
        exported();
        const { lines } = current().orders.get(id);
        const same = { ...current().orders.get(id), lines: lines.map((line) => ({ ...line })) };
        const copy = order({ ...same, id: '4499999', modified: Date.now() });
        expect(ids(exported())).toEqual([copy]);
    });

    test('defect 14: names have neither spaces nor colons, and no two files share one', () => {
        order();
        exported();
        const [first] = files();
        expect(first).toMatch(/^WB-PO-\d{8}T\d{6}Z-1\.csv$/);
        order();
        run(exporter);
        expect(files()).toEqual([first, first.replace('-1.csv', '-2.csv')]);
    });

    test('defect 18: a closed line is told as closed', () => {
        order({ lines: [{ item: 'A', quantity: 5 }, { item: 'B', quantity: 5, closed: true }] });
        expect(exported().map((row) => row.line_closed)).toEqual(['F', 'T']);
    });
});

describe('the importer', () => {
    beforeEach(() => at(NOW));

    test('defect 07: lines that the file does not name are not received, nor are expenses', () => {
        const id = order({ expenses: 2 });
        imported([entry(id, 'A', { 1: '5' })]);
        expect(receipts(id)).toEqual([['WB-RCPT-A', { 1: 5 }]]);
        expect(current().receipts[0].expenses).toBe(0);
    });

    test('defect 08: two rows for one line are rejected, not guessed at', () => {
        const id = order();
        const items = [{ line_id: '1', quantity: '2' }, { line_id: '1', quantity: '3' }];
        const [result] = imported([entry(id, 'A', {}, { items })]);
        expect(result).toMatchObject({ result: 'rejected', reason: 'line 1 is named twice' });
        expect(receipts(id)).toEqual([]);
    });

    test('defect 09: an unknown line rejects its receipt before it is saved, and no other', () => {
        const [first, second] = [order(), order()];
        const results = imported([entry(first, 'A', { 9: '1', 1: '1' }), entry(second, 'B', { 1: '1' })]);
        expect(results.map(({ result }) => result)).toEqual(['rejected', 'created']);
        expect(results[0].reason).toMatch('line 9 is unknown');
        expect(current().calls.filter((call) => call === 'receipt.save')).toHaveLength(1);
    });

    test('defect 10: the same file again makes no second receipt', () => {
        const id = order();
        imported([entry(id, 'A', { 1: '5' })]);
        const [again] = imported([entry(id, 'A', { 1: '5' })]);
        expect(again).toMatchObject({ result: 'already', item_receipt_id: '991' });
        expect(receipts(id)).toHaveLength(1);
    });

    test.each(['[{"order_id":', '{"order_id":"1"}', '', 'null', '"text"', '17'])('defect 11: the file %j blocks no other', (content) => {
        const id = order();
        put('WB-RCPT-20261120T180000Z-1.json', content);
        imported([entry(id, 'A', { 1: '5' })], NAME);
        expect(receipts(id)).toHaveLength(1);
        expect(ack('WB-RCPT-20261120T180000Z-1.json')).toMatchObject({ results: [], problem: expect.any(String) });
        expect(current().sftp.names(`${RECEIPT}/error`)).toEqual([expect.stringMatching(/WB-RCPT-20261120T180000Z-1\.json$/)]);
        expect(current().sftp.names(RECEIPT)).toEqual([]);
    });

    test('defect 12: units are looked at before each receipt; the rest waits for the next run', () => {
        const id = order();
        current().unitsOf = { reduce: 300 };
        put(NAME, ['A', 'B', 'C', 'D', 'E', 'F'].map((name) => entry(id, name, { 1: '1' })));
        for (let runs = 0; current().sftp.names(RECEIPT).length; runs += 1) {
            expect(runs).toBeLessThan(7);
            expect(run(importer)).toEqual({ error: null });
        }
        expect(receipts(id)).toHaveLength(6);
        expect(ack(NAME).results).toHaveLength(6);
    });

    test('defect 13: what NetSuite says is told receipt by receipt, commas and line breaks too', () => {
        const id = order();
        current().before('receipt.save', () => {
            throw Object.assign(new Error('You cannot, "receive"\nthis'), { name: 'USER_ERROR' });
        });
        expect(imported([entry(id, 'A', { 1: '1' })])[0].reason).toBe('USER_ERROR: You cannot, "receive"\nthis');
    });

    test('defect 15: an over-receipt is rejected in the words of NetSuite, or received where the account allows it', () => {
        const id = order();
        const [refused] = imported([entry(id, 'A', { 1: '21' })]);
        expect(refused).toMatchObject({ result: 'rejected', reason: expect.stringMatching('USER_ERROR') });
        current().preferences.overage = true;
        expect(imported([entry(id, 'A', { 1: '21' })])[0]).toMatchObject({ result: 'created' });
    });

    test.each([
        ['America/Guatemala', '2026-11-21T05:30:00Z', '2026-11-20'],
        ['Asia/Tokyo', '2026-11-20T20:00:00Z', '2026-11-21'],
        ['', '2026-11-20T18:00:00Z', '2026-11-20'],
    ])('defect 16: in the zone %j what was received at %s has the date %s', (zone, receivedAt, day) => {
        current().parameters.custscript_wb_imp_time_zone = zone;
        imported([entry(order(), 'A', { 1: '1' }, { received_at: receivedAt })]);
        expect(current().receipts[0].tranDate).toBe(day);
    });

    test.each([[{ 1: null }], [{ 1: '0' }], [{}]])('defect 17: a receipt of %j makes no item receipt', (quantities) => {
        const id = order();
        expect(imported([entry(id, 'A', quantities)])[0].result).toBe('rejected');
        expect(receipts(id)).toEqual([]);
    });

    test('defect 18: a closed or finished line may be named with nothing', () => {
        const id = order();
        current().change(id, (found) => { found.lines[1].closed = true; });
        expect(imported([entry(id, 'A', { 1: '20', 4: null })])[0]).toMatchObject({ result: 'created' });
    });

    test('defect 19: a name that lies in the archive already is archived beside it', () => {
        const id = order();
        imported([entry(id, 'A', { 1: '1' })], NAME);
        imported([entry(id, 'B', { 1: '1' })], NAME);
        expect(current().sftp.names(`${RECEIPT}/archive`)).toEqual([`20261120T183100Z-${NAME}`, `20261120T183200Z-${NAME}`]);
    });

    test('defect 20: temporary files are left alone; a byte order mark and a null entry stop nothing', () => {
        const id = order();
        put('WB-RCPT-20261120T170000Z-1.json.tmp', '[{');
        put('a.txt', 'x');
        put('WB-RCPT-20261120T170000Z-2.json', `\ufeff${JSON.stringify([entry(id, 'A', { 1: '1' })])}`);
        const results = imported([null, 17, entry(id, 'B', { 1: '1' })]);
        expect(results.map(({ result }) => result)).toEqual(['rejected', 'rejected', 'created']);
        expect(receipts(id)).toHaveLength(2);
        expect(current().sftp.names(RECEIPT)).toEqual(['WB-RCPT-20261120T170000Z-1.json.tmp', 'a.txt']);
        expect(current().sftp.names(FULFILLMENT)).toEqual([]);
    });
});
