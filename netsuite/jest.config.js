const SuiteCloudJestConfiguration = require('@oracle/suitecloud-unit-testing/jest-configuration/SuiteCloudJestConfiguration');

// The fakes hold state and keep NetSuite's rules; Oracle's own stubs stand behind them for everything else.
const fakes = ['crypto', 'encode', 'file', 'format', 'log', 'query', 'record', 'runtime', 'search', 'sftp'];

module.exports = {
    ...SuiteCloudJestConfiguration.build({
        projectFolder: 'src',
        projectType: SuiteCloudJestConfiguration.ProjectType.ACP,
        customStubs: fakes.map((name) => ({ module: `N/${name}`, path: `<rootDir>/fakes/modules/${name}.js` })),
    }),
    testMatch: ['<rootDir>/tests/**/*.test.js'],
    setupFilesAfterEnv: ['<rootDir>/fakes/setup.js'],
};
