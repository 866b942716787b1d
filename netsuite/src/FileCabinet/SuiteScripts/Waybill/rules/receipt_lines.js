/**
 * Which lines of an item receipt are received: every line is set, those too that nobody named.
 *
 * @NApiVersion 2.1
 * @NModuleScope SameAccount
 */
define([], () => {
    /**
     * What to set on each line of a receipt that NetSuite proposes.
     *
     * @param {string[]} proposed the line id (`orderline`) of each line, in their order
     * @param {Array<[string, number|null]>} wanted the quantity by line id; null receives nothing
     * @returns {{refusal: string, quantities: Array<number|null>}} for each proposed line what it receives, null for
     *     nothing; `refusal` says why nothing may be saved
     */
    function plan(proposed, wanted) {
        const quantities = new Map(wanted);
        const offered = new Set(proposed);
        const missing = wanted.find(([lineId, quantity]) => quantity !== null && !offered.has(lineId));
        return {
            refusal: missing ? `line ${missing[0]} is unknown, closed, or has nothing left to receive` : '',
            quantities: proposed.map((lineId) => quantities.get(lineId) ?? null),
        };
    }

    return { plan };
});
