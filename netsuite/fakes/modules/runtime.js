const { current } = require('../account');

/** The script that runs: what it was told, and what is left to its stage. */
function getCurrentScript() {
    return {
        getParameter: ({ name }) => current().parameters[name] ?? null,
        getRemainingUsage: () => {
            current().alive();
            return current().budget.left;
        },
    };
}

module.exports = { getCurrentScript };
