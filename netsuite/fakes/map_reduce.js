/**
 * Runs Map/Reduce scripts as NetSuite does: a budget of units for each invocation, values as JSON texts, keys in the order of
 * texts, errors kept for the last stage, and what an invocation that failed wrote forgotten.
 */
const { current } = require('./account');
const { Search } = require('./modules/search');

const UNITS = { getInputData: 10000, map: 1000, reduce: 5000, summarize: 10000 };

/** One run of a script; with `resumes`, the server begins an invocation again that it ended itself. */
class Job {
    constructor(script, resumes) {
        Object.assign(this, { script, resumes });
    }

    /** One invocation: what it returned and wrote, or the error that it came to; what it wrote before an error is forgotten. */
    invoke(name, argument) {
        for (let again = 0; ; again += 1) {
            const account = current();
            account.begin(account.unitsOf?.[name] ?? UNITS[name]);
            const outcome = this.attempt(name, { ...argument, isRestarted: again > 0 });
            if (!account.hasCrashed) {
                return outcome;
            }
            if (!this.resumes) {
                account.alive();
            }
            account.endAfter = Infinity;
        }
    }

    attempt(name, argument) {
        try {
            const written = [];
            const write = ({ key, value }) => written.push([String(key), value]);
            const result = this.script[name]({ ...argument, write });
            // A script that swallowed its end has ended all the same.
            current().alive();
            return { result, written, error: null };
        } catch (error) {
            return { result: null, written: [], error };
        }
    }

    /** One stage of many invocations: what they wrote, and how those failed that did. */
    stage(name, inputs) {
        const stage = { written: [], failures: [] };
        inputs.forEach(([key, argument]) => {
            const { written, error } = this.invoke(name, { key, ...argument });
            if (error) {
                stage.failures.push([key, told(error)]);
            } else {
                stage.written.push(...written);
            }
        });
        return stage;
    }
}

function told({ name, message }) {
    return JSON.stringify({ name, message });
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
 * @param {{resumes: boolean}} options whether an invocation that the server ended is begun again in the same run
 * @returns {{error: string|null}} what the last stage threw; the owner of the script is told it
 */
function run(script, { resumes = false } = {}) {
    const dateCreated = new Date();
    const job = new Job(script, resumes);
    const input = job.invoke('getInputData', {});
    const mapped = job.stage('map', pairsOf(input.result).map(([key, value]) => [key, { value }]));
    const reduced = script.reduce ? job.stage('reduce', grouped(mapped.written)) : { ...mapped, failures: [] };
    const { error } = job.invoke('summarize', {
        dateCreated,
        inputSummary: { error: input.error && told(input.error) },
        mapSummary: { errors: iterable(mapped.failures) },
        reduceSummary: { errors: iterable(reduced.failures) },
        output: iterable(reduced.written),
    });
    return { error: error && error.message };
}

function pairsOf(found) {
    return found instanceof Search ? found.inputs() : (found || []).map((value, place) => [String(place), JSON.stringify(value)]);
}

function grouped(pairs) {
    const groups = new Map();
    pairs.forEach(([key, value]) => groups.set(key, [...(groups.get(key) || []), value]));
    return [...groups].sort(byText).map(([key, values]) => [key, { values }]);
}

module.exports = { run };
