/**
 * Runs Map/Reduce scripts as NetSuite does: a budget of units for each invocation, values as JSON texts, keys in the order of
 * texts, errors kept for the last stage, and what an invocation that failed wrote forgotten.
 */
const { current } = require('./account');
const { Search } = require('./modules/search');

const UNITS = { getInputData: 10000, map: 1000, reduce: 5000, summarize: 10000 };

class Stage {
    constructor() {
        this.written = [];
        this.failures = [];
    }

    /** One invocation; its pairs count only when it comes to its end. */
    invoke(script, name, key, context) {
        const pairs = [];
        begin(name);
        try {
            script[name]({ ...context, write: ({ key: to, value }) => pairs.push([String(to), value]) });
            this.written.push(...pairs);
        } catch (error) {
            if (current().hasCrashed) {
                throw error;
            }
            this.failures.push([key, JSON.stringify({ name: error.name, message: error.message })]);
        }
    }

    get summary() {
        return { errors: iterable(this.failures) };
    }
}

function begin(name) {
    current().begin(current().unitsOf?.[name] ?? UNITS[name]);
}

function byText([left], [right]) {
    return left < right ? -1 : Number(left > right);
}

function iterable(pairs) {
    return { iterator: () => ({ each: (take) => { [...pairs].sort(byText).every(([key, value]) => take(key, value, 1)); } }) };
}

/**
 * One run of a script.
 *
 * @param {object} script what its module returns
 * @returns {{error: string|null}} what the last stage threw; the owner of the script is told it
 */
function run(script) {
    const created = new Date();
    const { inputs, error } = inputsOf(script);
    const mapped = new Stage();
    inputs.forEach(([key, value]) => mapped.invoke(script, 'map', key, { key, value }));
    const reduced = script.reduce ? reduce(script, mapped.written) : mapped;
    begin('summarize');
    try {
        script.summarize({
            dateCreated: created,
            inputSummary: { error },
            mapSummary: mapped.summary,
            reduceSummary: script.reduce ? reduced.summary : new Stage().summary,
            output: iterable(reduced.written),
        });
        return { error: null };
    } catch (problem) {
        if (current().hasCrashed) {
            throw problem;
        }
        return { error: problem.message };
    }
}

function inputsOf(script) {
    begin('getInputData');
    try {
        const found = script.getInputData();
        const pairs = found instanceof Search ? found.inputs() : found.map((value, at) => [String(at), JSON.stringify(value)]);
        return { inputs: pairs, error: null };
    } catch (error) {
        if (current().hasCrashed) {
            throw error;
        }
        return { inputs: [], error: JSON.stringify({ name: error.name, message: error.message }) };
    }
}

function reduce(script, pairs) {
    const groups = new Map();
    pairs.forEach(([key, value]) => groups.set(key, [...(groups.get(key) || []), value]));
    const reduced = new Stage();
    [...groups].sort(byText).forEach(([key, values]) => reduced.invoke(script, 'reduce', key, { key, values }));
    return reduced;
}

module.exports = { run };
