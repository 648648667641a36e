// A program of somebody who has Lineup's address and docs/openapi.yaml, and nothing else: schema.d.ts is made of that.
// It enrols somebody, posts a picture, corrects a face, takes that back, and lists.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

type Schemas = components["schemas"];

const [address, name, photo, picture] = process.argv.slice(2) as [string, string, string, string];
const lineup = createClient<paths>({ baseUrl: address });

// expect gives what was answered, and fails where that is a problem.
function expect<T>(answer: { data?: T; error?: unknown; response: Response }, status: number): T {
  assert.equal(answer.response.status, status, `${answer.response.url}: ${JSON.stringify(answer.error ?? answer.data)}`);
  return answer.data as T;
}

function form(fields: Record<string, string | File>): FormData {
  const body = new FormData();
  for (const [field, value] of Object.entries(fields)) body.append(field, value);
  return body;
}

const file = async (path: string) => new File([new Uint8Array(await readFile(path))], basename(path), { type: "image/jpeg" });

async function enrol(): Promise<Schemas["Person"]> {
  const person = expect(
    await lineup.POST("/api/v1/people", {
      params: { header: { Prefer: "wait=60" } },
      body: { name, photo: await file(photo) },
      bodySerializer: (body) => form(body as Record<string, string | File>),
    }),
    201,
  );
  assert.deepEqual(person.photos.map((one) => one.state), ["usable"]);
  return person;
}

// look waits until what is known of a picture satisfies.
async function look(id: number, satisfies: (image: Schemas["Image"]) => boolean): Promise<Schemas["Image"]> {
  for (let tries = 0; tries < 300; tries++) {
    const image = expect(await lineup.GET("/api/v1/images/{id}", { params: { path: { id } } }), 200);
    if (satisfies(image)) return image;
    await new Promise((wake) => setTimeout(wake, 200));
  }
  throw new Error(`picture ${id} does not become what was waited for`);
}

async function post(): Promise<number> {
  const answer = await lineup.POST("/api/v1/images", {
    params: { header: { Prefer: "wait=60" } },
    body: { image: await file(picture) },
    bodySerializer: (body) => form(body as Record<string, File>),
  });
  assert.ok(answer.data, JSON.stringify(answer.error));
  const id = answer.data.images[0]?.id;
  assert.ok(id, JSON.stringify(answer.data));
  return id;
}

// correct says that a face is somebody else's, whom nobody knew by then.
async function correct(face: Schemas["Face"], other: string): Promise<Schemas["Person"]> {
  const corrected = expect(
    await lineup.PATCH("/api/v1/faces/{id}", { params: { path: { id: face.id } }, body: { person: { name: other } } }),
    200,
  );
  assert.equal(corrected.decided_by, "hand");
  assert.ok(corrected.person);
  assert.equal(corrected.person.name, other);
  return corrected.person;
}

// everything gives all pages of the pictures that somebody is in, one picture a page.
async function everything(person: number): Promise<Schemas["Image"][]> {
  const found: Schemas["Image"][] = [];
  for (let before: number | undefined; ; before = found.at(-1)!.id) {
    const page = expect(
      await lineup.GET("/api/v1/images", { params: { query: { person, limit: 1, ...(before === undefined ? {} : { before }) } } }),
      200,
    );
    found.push(...page.items);
    if (page.next === null) return found;
  }
}

const person = await enrol();
// The picture may be looked at before the person counts; its answer follows.
const isTheirs = (face: Schemas["Face"]) => face.person?.id === person.id;
const image = await look(await post(), (now) => now.status === "identified" && now.faces.some(isTheirs));
const face = image.faces.find(isTheirs)!;

const other = await correct(face, `${name}'s twin`);
assert.deepEqual((await everything(other.id)).map((one) => one.id), [image.id]);
assert.deepEqual(await everything(person.id), []);

const changes = expect(await lineup.GET("/api/v1/changes", { params: { query: { image: image.id } } }), 200);
const change = changes.items.find((one) => one.action === "is");
assert.ok(change, JSON.stringify(changes));
expect(await lineup.POST("/api/v1/changes/{id}/undo", { params: { path: { id: change.id } } }), 200);
await look(image.id, (now) => now.faces.some(isTheirs));

const people = expect(await lineup.GET("/api/v1/people", { params: { query: { named: "true", q: name } } }), 200);
assert.ok(people.items.some((one) => one.id === person.id && one.photos.length === 1), JSON.stringify(people));

const nobody = await lineup.GET("/api/v1/people/{id}", { params: { path: { id: 1_000_000 } } });
assert.equal(nobody.response.status, 404);
assert.match(nobody.error?.type ?? "", /^urn:lineup:problem:/);

console.log(JSON.stringify({ person: person.id, image: image.id, face: face.id }));
