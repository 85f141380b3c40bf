// Tokens by jose: a task a line, as JSON; an answer a line. Its argument is the folder of the package.
import {readFileSync} from 'node:fs';
import {pathToFileURL} from 'node:url';

const jose = await import(pathToFileURL(`${process.argv[2]}/dist/webapi/index.js`).href);

async function key(alg, text, isPrivate) {
  if (alg.startsWith('HS')) return new TextEncoder().encode(text);
  return isPrivate ? jose.importPKCS8(text, alg) : jose.importSPKI(text, alg);
}

function sign({alg, kid, claims}, by) {
  return new jose.SignJWT(claims).setProtectedHeader({alg, kid}).sign(by);
}

async function perform(task) {
  const {alg} = task;
  if (task.do === 'sign') return {token: await sign(task, await key(alg, task.key, true))};
  if (task.do === 'generate') {
    const {publicKey, privateKey} = await jose.generateKeyPair(alg, {extractable: true});
    const jwk = {...(await jose.exportJWK(publicKey)), alg, kid: task.kid, use: 'sig'};
    return {jwk, token: await sign(task, privateKey)};
  }
  try {
    const options = {algorithms: [alg], issuer: task.iss, audience: task.aud};
    return {claims: (await jose.jwtVerify(task.token, await key(alg, task.key, false), options)).payload};
  } catch (error) {
    return {error: String(error)};
  }
}

for (const line of readFileSync(0, 'utf8').split('\n').filter((line) => line)) {
  console.log(JSON.stringify(await perform(JSON.parse(line))));
}
