const js = require('@eslint/js');
const jsdoc = require('eslint-plugin-jsdoc');
const globals = require('globals');

const LONGEST_FUNCTION = 60;

/** As max-lines-per-function, but for the one call of `define` or `describe` that is a whole module. */
const shortFunctions = {
    create: (context) => ({
        ':function': (node) => {
            const { type, callee } = node.parent;
            const isModule = type === 'CallExpression' && ['define', 'describe'].includes(callee.name);
            const lines = node.loc.end.line - node.loc.start.line + 1;
            if (!isModule && lines > LONGEST_FUNCTION) {
                context.report({ node, message: `${lines} lines are too many for a function` });
            }
        },
    }),
};

const generators = [':function[generator=true]', 'YieldExpression'].map((selector) => ({
    selector, message: 'NetSuite runs no native generators',
}));

module.exports = [
    { ignores: ['node_modules/', 'coverage/'] },
    js.configs.recommended,
    {
        plugins: { waybill: { rules: { 'short-functions': shortFunctions } } },
        languageOptions: { ecmaVersion: 2023, sourceType: 'commonjs', globals: { ...globals.node, ...globals.jest } },
        linterOptions: { reportUnusedDisableDirectives: 'error' },
        rules: {
            'waybill/short-functions': 'error',
            'no-var': 'error',
            'prefer-const': 'error',
            eqeqeq: 'error',
            'no-shadow': 'error',
            'max-len': ['error', { code: 140 }],
            'max-lines': ['error', 400],
            // Ids and values are checked for characters that no text may have.
            'no-control-regex': 'off',
        },
    },
    {
        files: ['src/**/*.js'],
        plugins: { jsdoc },
        languageOptions: {
            ecmaVersion: 2020,
            sourceType: 'script',
            globals: { ...noneOf(globals.node), ...noneOf(globals.jest), define: 'readonly' },
        },
        rules: {
            'no-restricted-syntax': ['error', ...generators],
            'jsdoc/check-alignment': 'error',
            'jsdoc/check-param-names': 'error',
            'jsdoc/require-param-description': 'error',
            'jsdoc/require-param-type': 'error',
            'jsdoc/require-returns-description': 'error',
        },
    },
];

/** NetSuite is neither Node nor a test. */
function noneOf(names) {
    return Object.fromEntries(Object.keys(names).map((name) => [name, 'off']));
}
