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

test('the moment of change is told in UTC, whatever the zone of the account', () => {
    current().preferences.zone = 'Asia/Kolkata';
    order({ modified: new Date('2026-11-20T10:15:00Z').getTime() });
    expect(exported()[0].modified_at).toBe('2026-11-20T10:15:00Z');
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
