/** The exporter beyond the defects: what is searched, how much fits, what is noted, what is said. */
const { current } = require('../fakes/account');
const { FULFILLMENT, NOW, at, exported, exporter, files, later, order, rows, run } = require('./support');

const rules = require('SuiteScripts/Waybill/rules/purchase_orders');

beforeEach(() => at(NOW));

const ids = (told) => [...new Set(told.map((row) => row.po_id))];

test('first only what can be received is told; what was never open is not', () => {
    const id = order();
    order({ approval: 'pending' });
    order({ approval: 'rejected' });
    order({ lines: [{ item: 'A', quantity: 1, closed: true }] });
    current().receive(order(), { 1: 20, 4: 12 });
    expect(ids(exported())).toEqual([id]);
    later(15);
    expect(exported()).toEqual([]);
});

test('a purchase order that nobody touches is read for two days, and not every 15 minutes for ever', () => {
    order();
    exported();
    later(4 * 24 * 60);
    exported();
    later(15);
    const before = current().calls.length;
    exported();
    expect(current().calls.slice(before)).not.toContain('query.runSuiteQL');
});

test('rows are in the order of ids and line ids, as people count', () => {
    const lines = [10, 2, 1].map((line) => ({ line, item: `SKU-${line}`, quantity: 1 }));
    order({ id: 10, lines });
    order({ id: 9, lines });
    expect(exported().map((row) => [row.po_id, row.line_id])).toEqual(
        [['9', '1'], ['9', '2'], ['9', '10'], ['10', '1'], ['10', '2'], ['10', '10']],
    );
});

test('a line without a location of its own has that of its purchase order; without both it is empty, never "undefined"', () => {
    order({ location: '18', lines: [{ item: 'A', quantity: 1, location: null }] });
    order({ lines: [{ item: 'A', quantity: 1, location: null }] });
    expect(exported().map((row) => row.facility_id)).toEqual(['18', '']);
});

test('without units of measure a quantity is in pieces, and unit and rate are empty', () => {
    order({ lines: [{ item: 'A', quantity: 7, unit: null }] });
    expect(exported()[0]).toMatchObject({ quantity: '7', unit: '', unit_rate: '' });
});

test('a line of nothing is told as closed', () => {
    order({ lines: [{ item: 'A', quantity: 0 }, { item: 'B', quantity: 1 }] });
    expect(exported().map((row) => [row.quantity, row.line_closed])).toEqual([['0', 'T'], ['1', 'F']]);
});

test('a negative quantity is told as a problem, never as goods to receive', () => {
    const id = order({ lines: [{ item: 'A', quantity: 5 }, { item: 'B', quantity: -3 }] });
    expect(run(exporter).error).toBe(`purchase order ${id}: line 4: the quantity -3 is negative`);
    expect(files()).toEqual([]);
    current().change(id, (found) => { found.lines[1].closed = true; found.lines[1].quantity = 0; });
    later(15);
    expect(exported().map((row) => [row.line_id, row.quantity, row.line_closed])).toEqual([['1', '5', 'F'], ['4', '0', 'T']]);
});

test.each(['', 'x'])('a problem too long, of %p and emojis, is noted in whole characters, and is the same in the next run', (start) => {
    order({ lines: [{ item: 'A', quantity: 1 / 3, unit: start + '😀'.repeat(1000), unitRate: 7 }] });
    expect(run(exporter).error).toMatch('no exact quantity');
    expect(current().customRecords.map((row) => /[\ud800-\udfff]/u.test(row.custrecord_wb_exp_problem ?? ''))).not.toContain(true);
    later(15);
    expect(run(exporter)).toEqual({ error: null });
});

describe('a purchase order that was told as open, and of which nothing is left to tell', () => {
    const problems = () => current().customRecords.filter((row) => row.custrecord_wb_exp_problem).map(({ name }) => name);
    const remove = (id) => { current().orders.delete(id); current().version += 1; };

    test.each([
        ['has no line with an item any more', (id) => current().change(id, (found) => { found.lines = []; }), 'no line with an item'],
        ['was deleted', remove, 'is deleted'],
    ])('that %s is a problem, told once', (_, act, said) => {
        const id = order();
        const other = order();
        exported();
        later(15);
        act(id);
        const { error } = run(exporter);
        expect(error).toMatch(`purchase order ${id}: it was told as open, and `);
        expect(error).toMatch(said);
        expect(error).toMatch('waybill po close');
        expect(problems()).toEqual([`WB-PO-${id}`]);
        later(15);
        expect(exported()).toEqual([]);
        current().change(other, (found) => { found.lines[0].quantity = 21; });
        later(15);
        expect(ids(exported())).toEqual([other]);
    });

    test('is no problem any more once it is there again', () => {
        const id = order();
        exported();
        const before = current().orders.get(id);
        remove(id);
        expect(run(exporter).error).toMatch('is deleted');
        current().orders.set(id, before);
        current().version += 1;
        later(15);
        expect(run(exporter)).toEqual({ error: null });
        expect(problems()).toEqual([]);
    });

    test('is none where it was told as closed, or never', () => {
        const [closed, untold] = [order(), order({ approval: 'pending' })];
        exported();
        current().change(closed, (found) => found.lines.forEach((line) => { line.closed = true; }));
        exported();
        current().change(untold, (found) => { found.lines = []; });
        remove(closed);
        later(15);
        expect(exported()).toEqual([]);
    });

    test('is found among more than a search shows at once', () => {
        for (let id = 1; id <= 1100; id += 1) {
            const externalid = `WB-PO-${id}`;
            current().customRecords.push({ id: `${id}`, externalid, custrecord_wb_exp_print: 'told', custrecord_wb_exp_open: true });
            order({ id, modified: 0 });
        }
        current().customRecords.push({ id: '1101', externalid: 'WB-PO-CURSOR', custrecord_wb_exp_print: NOW });
        remove('1050');
        expect(run(exporter).error).toMatch(/^purchase order 1050: .* is deleted[^\n]*$/);
    });

    test('is looked for after all else, and what stands in the way of it is told beside the rest', () => {
        const bad = order({ lines: [{ item: 'A', quantity: 5 }, { item: 'B', quantity: -1 }] });
        order();
        current().fail('search purchaseorder', 'INSUFFICIENT_PERMISSION');
        expect(run(exporter).error.split('\n')).toEqual([
            `purchase order ${bad}: line 4: the quantity -1 is negative`,
            'look for purchase orders that are gone: INSUFFICIENT_PERMISSION: search purchaseorder fails',
        ]);
        expect(files()).toHaveLength(1);
    });
});

test('the moment of change is told in UTC, whatever the zone of the account', () => {
    current().preferences.zone = 'Asia/Kolkata';
    order({ modified: new Date('2026-11-20T10:15:00Z').getTime() });
    expect(exported()[0].modified_at).toBe('2026-11-20T10:15:00Z');
});

describe('in the hour that the clock goes through twice', () => {
    const quantity = (id, told) => current().change(id, (found) => { found.lines[0].quantity = told; });
    const told = () => exported().filter((row) => row.line_id === '1').map((row) => [row.quantity, row.modified_at]);

    // 1:40 am and 1:10 am in Los Angeles, before and after the clock goes back.
    test('an amendment is told later than what was told before, and so is what was amended back', () => {
        at('2026-11-01T08:40:00Z');
        const id = order();
        expect(told()).toEqual([['20', '2026-11-01T08:40:00Z']]);
        at('2026-11-01T09:10:00Z');
        quantity(id, 30);
        expect(told()).toEqual([['30', '2026-11-01T09:10:00Z']]);
        at('2026-11-01T09:40:00Z');
        quantity(id, 20);
        expect(told()).toEqual([['20', '2026-11-01T09:40:00Z']]);
    });

    test('the time never goes back, though a run that had put its file there died before it noted it', () => {
        at('2026-11-01T08:40:00Z');
        const id = order();
        current().before('custom.save', () => current().end('SSS_APP_SERVER_RESTART'));
        expect(() => run(exporter)).toThrow();
        current().hooks = [];
        expect(rows()[0].modified_at).toBe('2026-11-01T08:40:00Z');
        at('2026-11-01T09:10:00Z');
        quantity(id, 30);
        expect(told()).toEqual([['30', '2026-11-01T09:10:00Z']]);
    });
});

test('what is amended and amended back within a minute is told each time with a later time, as the account shows no seconds', () => {
    at('2026-11-20T18:30:10Z');
    const id = order();
    const times = [20, 30, 20].map((quantity, second) => {
        at(`2026-11-20T18:30:${20 + 10 * second}Z`);
        current().change(id, (found) => { found.lines[0].quantity = quantity; });
        return exported()[0].modified_at;
    });
    expect(times).toEqual(['2026-11-20T18:30:00Z', '2026-11-20T18:30:20Z', '2026-11-20T18:30:30Z']);
});

test('more than 10 MB go into several files, and no purchase order is split', () => {
    const lines = Array.from({ length: 25 }, (_, line) => ({ item: `${'ñ'.repeat(2000)}${line}`, quantity: 1 }));
    const made = Array.from({ length: 110 }, () => order({ lines }));
    expect(run(exporter)).toEqual({ error: null });
    const sizes = files().map((name) => current().sftp.files.get(`${FULFILLMENT}/${name}`).length);
    expect(sizes.reduce((sum, size) => sum + size)).toBeGreaterThan(10 * 1024 * 1024);
    expect(Math.max(...sizes)).toBeLessThan(5 * 1024 * 1024);
    const places = files().map((name) => new Set(current().sftp.text(`${FULFILLMENT}/${name}`).match(/^\d+(?=,)/gm)));
    expect(places.flatMap((each) => [...each])).toEqual(made);
});

test('what the units of a run do not suffice for is told by the next runs', () => {
    const made = [order(), order(), order()];
    current().unitsOf = { summarize: 200 };
    run(exporter);
    expect(ids(rows())).toEqual(made);
    current().unitsOf = { summarize: 100 };
    const last = order();
    expect(run(exporter)).toEqual({ error: null });
    expect(ids(rows())).toEqual(made);
    current().unitsOf = undefined;
    later(10 * 24 * 60);
    expect(ids(exported())).toEqual([last]);
});

test('batches keep to bytes and to numbers; what is larger alone stands alone', () => {
    const told = ['a', 'bb', 'c', 'ñññ', 'd', 'e', 'f'].map((text) => ({ text }));
    const cut = rules.batches(told, { bytes: 4, orders: 2 }).map((batch) => batch.map(({ text }) => text).join(' '));
    expect(cut).toEqual(['a bb', 'c', 'ñññ', 'd e', 'f']);
});

test('on demand every open purchase order is told again', () => {
    const id = order();
    exported();
    later(15);
    current().parameters.custscript_wb_exp_tell_all = true;
    expect(ids(exported())).toEqual([id]);
    expect(ids(exported())).toEqual([id]);
});

test('what an export on demand does not come to is told by the runs by schedule, whatever becomes of it meanwhile', () => {
    const made = [order(), order(), order()];
    exported();
    later(4 * 24 * 60);
    current().parameters.custscript_wb_exp_tell_all = true;
    current().unitsOf = { summarize: 100 };
    expect(exported()).toEqual([]);
    expect(current().logs.at(-1)).toMatchObject({ title: 'the rest waits for the next run' });
    current().parameters.custscript_wb_exp_tell_all = false;
    later(15);
    expect(exported()).toEqual([]);
    current().unitsOf = undefined;
    current().change(made[2], (found) => found.lines.forEach((line) => { line.closed = true; }));
    expect(ids(exported())).toEqual(made);
    later(15);
    expect(exported()).toEqual([]);
});

test('an export on demand whose upload fails is made good by the next run by schedule', () => {
    const id = order();
    exported();
    later(4 * 24 * 60);
    current().parameters.custscript_wb_exp_tell_all = true;
    current().fail('sftp.upload', 'FTP_TRANSFER_TIMEOUT_EXCEEDED');
    expect(run(exporter).error).toMatch('FTP_TRANSFER_TIMEOUT_EXCEEDED');
    current().parameters.custscript_wb_exp_tell_all = false;
    expect(ids(exported())).toEqual([id]);
});

test('an export on demand has names of its own, since one by schedule may begin in the same second', () => {
    order();
    run(exporter);
    current().parameters.custscript_wb_exp_tell_all = true;
    run(exporter);
    expect(files()).toEqual(['WB-PO-20261120T183000Z-1.csv', 'WB-PO-20261120T183000Z-all-1.csv']);
});

test('a file that another run has put there meanwhile is never replaced: its purchase orders are noted as told', () => {
    const id = order();
    const name = 'WB-PO-20261120T183000Z-1.csv';
    current().before('sftp.upload', () => current().sftp.put(`${FULFILLMENT}/${name}`, 'of another run'));
    expect(run(exporter).error).toMatch(`${name} is there already`);
    expect(current().sftp.text(`${FULFILLMENT}/${name}`)).toBe('of another run');
    current().hooks = [];
    current().sftp.files.delete(`${FULFILLMENT}/${name}`);
    expect(ids(exported())).toEqual([id]);
});

test('two runs at once tell twice at worst', () => {
    const id = order();
    let isFirst = true;
    current().before('record.create', () => {
        if (isFirst) {
            isFirst = false;
            const print = 'noted by the other run';
            current().customRecords.push({ id: '1', externalid: `WB-PO-${id}`, name: `WB-PO-${id}`, custrecord_wb_exp_print: print });
        }
    });
    expect(ids(exported())).toEqual([id]);
    expect(ids(exported())).toEqual([id]);
    expect(exported()).toEqual([]);
});

test('what a run left in the middle of an upload is removed', () => {
    current().sftp.put(`${FULFILLMENT}/WB-PO-20261120T100000Z-1.csv.tmp`, 'half');
    order();
    exported();
    expect(current().sftp.names(FULFILLMENT)).toEqual(files());
});

test.each([
    ['', '-all', false],
    ['-all', '', true],
])('a run of "%s" leaves alone what one of "%s" may be uploading, until that run must be over', (mine, other, tellsAll) => {
    current().parameters.custscript_wb_exp_tell_all = tellsAll;
    const name = `WB-PO-20261120T182900Z${other}-1.csv.tmp`;
    const old = `WB-PO-20261120T162900Z${other}-1.csv.tmp`;
    [name, old].forEach((each) => current().sftp.put(`${FULFILLMENT}/${each}`, 'half'));
    order();
    exported();
    expect(current().sftp.names(FULFILLMENT).filter((each) => each.endsWith('.tmp'))).toEqual([name]);
});

test('a rename whose answer was lost is told again, not lost', () => {
    const id = order();
    let isFirst = true;
    current().before('sftp.move', () => {
        if (isFirst) {
            isFirst = false;
            const [name] = current().sftp.names(FULFILLMENT);
            current().sftp.move(`${FULFILLMENT}/${name}`, `${FULFILLMENT}/${name.replace('.tmp', '')}`);
            throw Object.assign(new Error('lost'), { name: 'CONNECTION_RESET' });
        }
    });
    expect(run(exporter).error).toMatch('CONNECTION_RESET');
    expect(ids(rows())).toEqual([id]);
    expect(ids(exported())).toEqual([id]);
});

test.each([
    ['host', '', 'custscript_wb_exp_host'],
    ['key', '', 'one of custscript_wb_exp_key, custscript_wb_exp_secret, custscript_wb_exp_password'],
    ['host_key', 'AAAA', 'FTP_INCORRECT_HOST_KEY'],
    ['host', 'elsewhere.example.com', 'FTP_UNKNOWN_HOST'],
    ['directory', 'nowhere', 'FTP_INVALID_DIRECTORY'],
])('with the parameter %s as %j the run says so, and notes nothing as told', (name, value, said) => {
    order();
    current().parameters[`custscript_wb_exp_${name}`] = value;
    expect(run(exporter).error).toMatch(said);
    expect(current().customRecords).toEqual([]);
});

test('with nothing to tell no connection is made', () => {
    expect(exported()).toEqual([]);
    expect(current().calls).not.toContain('sftp.createConnection');
});
