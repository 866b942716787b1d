/** The shared examples: the sandbox's scripts are held to the same files (tests/sandbox/test_netsuite_examples.py). */
const { readdirSync, readFileSync } = require('node:fs');
const { join } = require('node:path');
const Ajv = require('ajv/dist/2020');
const addFormats = require('ajv-formats');
const { current } = require('../fakes/account');
const { FULFILLMENT, NOW, RECEIPT, ack, at, exporter, files, importer, put, run } = require('./support');

const EXAMPLES = join(__dirname, '..', 'examples');
const schema = JSON.parse(readFileSync(join(EXAMPLES, '..', 'ack.schema.json'), 'utf8'));
const isAck = addFormats(new Ajv({ strictTypes: false })).compile(schema);

function text(...path) {
    return readFileSync(join(EXAMPLES, ...path), 'utf8');
}

/** Makes the purchase orders of an example. */
function before(kind, name) {
    JSON.parse(text(kind, name, 'before.json')).purchaseOrders.forEach(({ poId, lines, modified, ...fields }) => {
        current().order({
            ...fields,
            id: poId,
            modified: new Date(modified ?? NOW).getTime(),
            lines: lines.map((line) => ({ ...line, quantity: Number(line.quantity), unitRate: Number(line.unitRate ?? 1) })),
        });
    });
}

/** The receipt files of an example. */
function inputs(name) {
    return readdirSync(join(EXAMPLES, 'importer', name)).filter((file) => /^WB-RCPT-.*(?<!\.ack)\.json$/.test(file));
}

/** Without the words in which a JSON parser complains. */
function comparable({ problem, ...answer }) {
    return { ...answer, problem: problem && problem.split(':')[0] };
}

function itemReceipts() {
    const found = Object.fromEntries([...current().orders.keys()].map((id) => [id, []]));
    current().receipts.forEach(({ id, orderId, externalId, tranDate, lines }) => found[orderId].push({
        id,
        externalId,
        tranDate: tranDate ?? '2026-11-20',
        lines: Object.fromEntries(lines.map(({ line, quantity }) => [line, `${quantity}`])),
    }));
    return found;
}

test.each(readdirSync(join(EXAMPLES, 'importer')))('the importer answers as the example %s says', (name) => {
    at(NOW);
    current().parameters.custscript_wb_imp_time_zone = 'America/Los_Angeles';
    before('importer', name);
    inputs(name).forEach((file) => put(file, text('importer', name, file)));
    expect(run(importer)).toEqual({ error: null });
    inputs(name).forEach((file) => {
        expect(isAck(ack(file)) || isAck.errors).toBe(true);
        expect(comparable(ack(file))).toEqual(comparable(JSON.parse(text('importer', name, file.replace(/\.json$/, '.ack.json')))));
    });
    expect(itemReceipts()).toEqual(JSON.parse(text('importer', name, 'after.json')));
    expect(current().sftp.names(RECEIPT)).toEqual([]);
});

test.each(readdirSync(join(EXAMPLES, 'exporter')))('the exporter writes what the example %s says', (name) => {
    before('exporter', name);
    expect(run(exporter)).toEqual({ error: null });
    expect(files()).toHaveLength(1);
    expect(current().sftp.text(`${FULFILLMENT}/${files()[0]}`)).toBe(text('exporter', name, 'expected.csv'));
});
