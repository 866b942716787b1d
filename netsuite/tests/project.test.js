/** The SDF project: what the references say SDF accepts, and that files, objects and scripts know each other. */
const { readdirSync, readFileSync } = require('node:fs');
const { join, relative } = require('node:path');
const { XMLParser, XMLValidator } = require('fast-xml-parser');

const SRC = join(__dirname, '..', 'src');
const SCRIPTS = join(SRC, 'FileCabinet', 'SuiteScripts', 'Waybill');
const FEATURES = ['SERVERSIDESCRIPTING', 'CUSTOMRECORDS', 'ADVRECEIVING', 'INVENTORY', 'LOCATIONS', 'MULTILOCINVT', 'UNITSOFMEASURE'];
const EXPORT_STATE = '[scriptid=customrecord_waybill_po_export]';
/** Where the scripts name what a role needs a permission for: modules, tables of queries, types of records. */
const TOUCHED = [/'(N\/\w+)'/g, /(?:FROM|JOIN) (\w+)/g, /(?:record|search)\.Type\.(\w+)/g, /'(customrecord_\w+)'/g];
/** The permissions for each. Files are made in memory only; keys are used, not managed; a receipt carries vendor and location. */
const NEEDS = {
    'N/crypto': [], 'N/encode': [], 'N/file': [], 'N/format': [], 'N/log': [], 'N/record': [], 'N/runtime': [], 'N/search': [],
    'N/query': ['REPO_ANALYTICS'],
    'N/sftp': ['LIST_KEYS'],
    transaction: ['TRAN_FIND'],
    transactionline: ['TRAN_FIND', 'LIST_LOCATION'],
    item: ['LIST_ITEM'],
    unitstypeuom: ['LIST_UNIT'],
    PURCHASE_ORDER: ['TRAN_FIND', 'TRAN_PURCHORD'],
    ITEM_RECEIPT: ['TRAN_FIND', 'TRAN_ITEMRCPT', 'TRAN_PURCHORDRECEIVE', 'LIST_VENDOR'],
    customrecord_waybill_po_export: [EXPORT_STATE],
};
/** Where to look is not enough. */
const LEVELS = {
    TRAN_ITEMRCPT: 'CREATE', TRAN_PURCHORDRECEIVE: 'CREATE', [EXPORT_STATE]: 'EDIT',
    ADMI_LOGIN_OAUTH2: 'FULL', ADMI_RESTWEBSERVICES: 'FULL',
};
const OF_SCRIPTS = ['ADMI_CUSTOMSCRIPT', 'LIST_KEYS', EXPORT_STATE];
const OF_REST = ['ADMI_LOGIN_OAUTH2', 'ADMI_RESTWEBSERVICES'];
const LISTS = ['path', 'feature', 'scriptcustomfield', 'scriptdeployment', 'permission', 'customrecordcustomfield'];
const parser = new XMLParser({ ignoreAttributes: false, parseTagValue: false, isArray: (name) => LISTS.includes(name) });

const objects = readdirSync(join(SRC, 'Objects')).map((name) => [name, xml(join('Objects', name))]);
const scripts = objects.filter(([name]) => name.startsWith('customscript_')).map(([, told]) => told.mapreducescript);
const js = readdirSync(SCRIPTS, { recursive: true }).filter((name) => name.endsWith('.js'));

function xml(path) {
    const text = readFileSync(join(SRC, path), 'utf8');
    expect(XMLValidator.validate(text)).toBe(true);
    return parser.parse(text);
}

function source(name) {
    return readFileSync(join(SCRIPTS, name), 'utf8');
}

/** Every id that an object declares. */
function declaredIds(told) {
    return JSON.stringify(told).match(/(?<="@_scriptid":")[^"]+/g);
}

test('the manifest is that of an account customization project, and asks for the features that the scripts need', () => {
    const { manifest } = xml('manifest.xml');
    expect(manifest).toMatchObject({ '@_projecttype': 'ACCOUNTCUSTOMIZATION', projectname: 'Waybill', frameworkversion: '1.0' });
    expect(manifest.dependencies.features.feature.map((feature) => feature['#text'])).toEqual(FEATURES);
});

test('deploy.xml has its four sections, and names every file and object', () => {
    const { deploy } = xml('deploy.xml');
    expect(Object.keys(deploy)).toEqual(['configuration', 'files', 'objects', 'translationimports']);
    expect(deploy.files.path).toEqual(js.map((name) => `~/${relative(SRC, join(SCRIPTS, name))}`).sort());
    expect(deploy.objects.path).toEqual(objects.map(([name]) => `~/Objects/${name}`));
});

test('ids are unique, lower case, and at most 40 characters long; an object lies in the file of its name', () => {
    const ids = objects.flatMap(([, told]) => declaredIds(told));
    expect(new Set(ids).size).toBe(ids.length);
    ids.forEach((id) => expect(id).toMatch(/^(customscript|customdeploy|custscript|customrecord|custrecord|customrole)_[a-z0-9_]+$/));
    expect(Math.max(...ids.map((id) => id.length))).toBeLessThanOrEqual(40);
    objects.forEach(([name, told]) => expect(name).toBe(`${Object.values(told)[0]['@_scriptid']}.xml`));
});

test.each(scripts.map((script) => [script['@_scriptid'], script]))('%s names a script that is there, and is deployed', (_, script) => {
    const file = /^\[\/SuiteScripts\/Waybill\/(.+)\]$/.exec(script.scriptfile)[1];
    expect(source(file)).toMatch(/@NApiVersion 2\.1\n \* @NScriptType MapReduceScript/);
    script.scriptdeployments.scriptdeployment.forEach((deployment) => {
        expect(deployment).toMatchObject({ isdeployed: 'T', buffersize: '1', status: expect.stringMatching(/^(NOT)?SCHEDULED$/) });
        expect(deployment.recurrence[deployment.status === 'SCHEDULED' ? 'daily' : 'single']).toBeDefined();
    });
});

test('export and import run every 15 minutes, and can be run on demand', () => {
    const deployments = scripts.map((script) => script.scriptdeployments.scriptdeployment.map(({ status, recurrence }) => (
        [status, recurrence.daily?.repeat])));
    const both = [['SCHEDULED', 'PT15M'], ['NOTSCHEDULED', undefined]];
    expect(deployments).toEqual([both, both, [['NOTSCHEDULED', undefined]]]);
});

test('the installation page says when the schedules begin, and to move that to the midnight of the account', () => {
    const page = readFileSync(join(__dirname, '..', '..', 'docs', 'netsuite-scripts.md'), 'utf8');
    const deployments = scripts.flatMap((script) => script.scriptdeployments.scriptdeployment);
    const begins = deployments.map(({ recurrence }) => recurrence.daily?.starttime);
    expect(new Set(begins.filter(Boolean))).toEqual(new Set(['08:00:00Z']));
    expect(page).toContain('`<starttime>08:00:00Z</starttime>`');
    expect(page).toContain('*Start Time* must be 12:00 am');
});

test('every parameter is described, optional for SDF, and set in each deployment', () => {
    scripts.forEach((script) => {
        const parameters = script.scriptcustomfields.scriptcustomfield;
        parameters.forEach((parameter) => {
            expect(parameter).toMatchObject({ ismandatory: 'F', label: expect.any(String), help: parameter.description });
            expect(parameter.description.length).toBeGreaterThan(10);
        });
        script.scriptdeployments.scriptdeployment.forEach((deployment) => {
            const values = Object.keys(deployment).filter((name) => name.startsWith('custscript_'));
            expect(values).toEqual(parameters.map((parameter) => parameter['@_scriptid']));
        });
    });
});

test('the scripts read the parameters that exist, and no other', () => {
    const shared = source('account/sftp_folder.js').match(/(?<=settings\.get\(')\w+/g);
    scripts.forEach((script) => {
        const own = source(script.scriptfile.match(/waybill_\w+\.js/)[0]);
        const prefix = /PREFIX = '(\w+)'/.exec(own)[1];
        const read = own.match(/(?<=(get|isOn)\(')\w+(?='\))/g);
        const names = [...new Set([...shared, ...read])].map((name) => `custscript_wb_${prefix}_${name}`);
        expect(names.sort()).toEqual(script.scriptcustomfields.scriptcustomfield.map((each) => each['@_scriptid']).sort());
    });
});

test('the custom record has the fields that the exporter writes', () => {
    const { customrecordtype } = Object.fromEntries(objects)['customrecord_waybill_po_export.xml'];
    const fields = customrecordtype.customrecordcustomfields.customrecordcustomfield.map((field) => field['@_scriptid']);
    expect(fields.sort()).toEqual([...new Set(source('account/export_state.js').match(/custrecord_\w+/g))].sort());
});

/** What a role may do: the level by permission. */
function granted(name) {
    const { role } = Object.fromEntries(objects)[`customrole_waybill_${name}.xml`];
    return role.permissions.permission.map(({ permkey, permlevel }) => [permkey, permlevel]).sort();
}

/** These permissions, each with the least level that suffices. */
function least(permissions) {
    return [...new Set(permissions)].map((key) => [key, LEVELS[key] ?? 'VIEW']).sort();
}

test('the roles may do what the scripts touch, and nothing beyond', () => {
    const text = js.map(source).join('');
    const touched = TOUCHED.flatMap((pattern) => Array.from(text.matchAll(pattern), ([, name]) => name));
    expect([...new Set(touched)].sort()).toEqual(Object.keys(NEEDS).sort());
    const needed = ['ADMI_CUSTOMSCRIPT', ...Object.values(NEEDS).flat()];
    expect(granted('files')).toEqual(least(needed));
    // Waybill reads and receives over REST what the scripts do.
    expect(granted('rest')).toEqual(least([...needed.filter((key) => !OF_SCRIPTS.includes(key)), ...OF_REST]));
    expect(text).not.toMatch(/\bfile\.(load|copy|delete)\(/);
});

test('the custom record goes by its own list of permissions, which agrees with the role', () => {
    const { customrecordtype } = Object.fromEntries(objects)['customrecord_waybill_po_export.xml'];
    expect(customrecordtype.accesstype).toBe('USEPERMISSIONLIST');
    expect(customrecordtype.permissions.permission).toEqual(
        [expect.objectContaining({ permittedrole: '[scriptid=customrole_waybill_files]', permittedlevel: LEVELS[EXPORT_STATE] })],
    );
});

test('rules import nothing of NetSuite, and whatever a module returns is documented', () => {
    js.forEach((name) => {
        const text = source(name);
        const isPure = name.startsWith('rules/');
        expect(isPure && /'N\//.test(text)).toBe(false);
        const [, returned] = /\n {4}return \{([^}]+)\};\n\}\);\n$/.exec(text);
        const functions = returned.split(',').map((each) => each.split(':')[0].trim()).filter((each) => text.includes(`function ${each}(`));
        functions.forEach((each) => expect(text).toMatch(new RegExp(` \\*/\\n {4}function ${each}\\(`)));
    });
});

test.each([['hotwax', 'defect', 20], ['netsuite', 'behavior', 12]])('each numbered %s %s has a test of its number', (name, word, count) => {
    const told = readFileSync(join(__dirname, `defects_${name}.test.js`), 'utf8');
    const numbers = new Set(Array.from(told.matchAll(new RegExp(`'${word} (\\d\\d): `, 'g')), ([, number]) => Number(number)));
    expect([...numbers].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, at) => at + 1));
});
