/** The SDF project: what the references say SDF accepts, and that files, objects and scripts know each other. */
const { readdirSync, readFileSync } = require('node:fs');
const { join, relative } = require('node:path');
const { XMLParser, XMLValidator } = require('fast-xml-parser');

const SRC = join(__dirname, '..', 'src');
const SCRIPTS = join(SRC, 'FileCabinet', 'SuiteScripts', 'Waybill');
const FEATURES = ['SERVERSIDESCRIPTING', 'CUSTOMRECORDS', 'ADVRECEIVING', 'INVENTORY', 'LOCATIONS', 'MULTILOCINVT', 'UNITSOFMEASURE'];
const PERMISSIONS = [
    'ADMI_CUSTOMSCRIPT', 'ADMI_KEYS', 'ADMI_LOGIN_OAUTH2', 'ADMI_RESTWEBSERVICES', 'LIST_ITEM', 'LIST_LOCATION', 'REPO_ANALYTICS',
    'TRAN_FIND', 'TRAN_ITEMRCPT', 'TRAN_PURCHORD', 'TRAN_PURCHORDRECEIVE', '[scriptid=customrecord_waybill_po_export]',
];
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

test('roles have permissions that exist, none beyond what is needed, and both sides agree on the custom record', () => {
    const { customrecordtype, ...roles } = {
        ...Object.fromEntries(objects)['customrecord_waybill_po_export.xml'],
        files: Object.fromEntries(objects)['customrole_waybill_files.xml'].role,
        rest: Object.fromEntries(objects)['customrole_waybill_rest.xml'].role,
    };
    Object.values(roles).forEach((role) => role.permissions.permission.forEach(({ permkey, permlevel }) => {
        expect(PERMISSIONS).toContain(permkey);
        const isWrite = ['TRAN_ITEMRCPT', 'TRAN_PURCHORDRECEIVE'].includes(permkey);
        expect(isWrite ? ['CREATE'] : ['VIEW', 'EDIT', 'FULL']).toContain(permlevel);
    }));
    const [permission] = customrecordtype.permissions.permission;
    const mirrored = roles.files.permissions.permission.find(({ permkey }) => permkey === '[scriptid=customrecord_waybill_po_export]');
    expect(permission).toMatchObject({ permittedrole: '[scriptid=customrole_waybill_files]', permittedlevel: mirrored.permlevel });
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
