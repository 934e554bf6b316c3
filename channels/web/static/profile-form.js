// The form of 看看我能享受哪些政策: only what rules in force look at, nothing of it has to be filled in.
import { element, regionName } from "./dom.js";

const MOST_CHILDREN = 6;
export const FIELDS = { birth_year: "出生年份", region: "所在地区", children: "孩子", tags: "身份和情况", enterprise: "企业或者个体户" };

/** @param form what is asked @param told what was told before @param opened the groups of marks left open */
export function profileForm(form, told, opened) {
  const year = new Date().getFullYear();
  return element(
    "form",
    { class: "policies-form", "aria-label": "我的情况", autocomplete: "off" },
    element("p", { class: "detail" }, "都可以不填；没填的不会替您猜。不要写姓名、证件号和电话。"),
    form.birth_year &&
      element("label", {}, FIELDS.birth_year, element("input", { name: "birth_year", type: "number", inputmode: "numeric", min: 1900, max: year, placeholder: "例如 1960", value: told.birth_year })),
    form.regions.length > 0 && element("label", {}, FIELDS.region, select("region", form.regions, told.region)),
    form.children && children(told.children),
    form.tags.length > 0 && group("tags", form.tags, told, opened),
    form.enterprise.length > 0 && group("enterprise", form.enterprise, told, opened),
    element("div", { class: "people-actions" }, element("button", { type: "submit", class: "main" }, "看看结果")),
  );
}

function select(name, values, chosen) {
  const options = values.map((value) => element("option", { value, selected: value === chosen }, regionName(value)));
  return element("select", { name }, element("option", { value: "" }, "不说"), ...options);
}

/** How many, and then the month of each: nothing is shown that is not asked. */
function children(told) {
  const months = element("div", { class: "months" });
  const count = element("select", { name: "child_count" }, element("option", { value: "" }, "不说"));
  for (let n = 0; n <= MOST_CHILDREN; n += 1) count.append(element("option", { value: n }, n === 0 ? "没有孩子" : `${n} 个`));
  const draw = (known) => {
    const inputs = Array.from({ length: Number(count.value) }, (_, at) =>
      element("label", {}, `第 ${at + 1} 个孩子的出生年月`, element("input", { name: "child", type: "month", required: true, pattern: "(19|20)\\d\\d-(0[1-9]|1[0-2])", placeholder: "例如 2024-05", value: known[at] })),
    );
    months.replaceChildren(...inputs);
  };
  count.value = told ? String(told.length) : "";
  count.addEventListener("change", () => draw([...months.querySelectorAll("input")].map(({ value }) => value)));
  draw(told ?? []);
  return element("div", {}, element("label", {}, FIELDS.children, count), months);
}

/** Marks to tick. Unless the citizen says that they went through all, what is not ticked is not known. */
function group(field, marks, told, opened) {
  const boxes = marks.map((mark) =>
    element("label", { class: "check" }, element("input", { type: "checkbox", name: field, value: mark, checked: told[field].includes(mark) }), mark),
  );
  const seen = marks.every((mark) => told[field].includes(mark) || told.without.includes(mark));
  const summary = element("summary", {});
  const made = element(
    "details",
    { class: "group", "data-field": field, open: opened.includes(field) },
    summary,
    element("fieldset", {}, element("legend", { class: "hidden-label" }, FIELDS[field]), ...boxes),
    element("label", { class: "check whole" }, element("input", { type: "checkbox", name: `${field}_seen`, checked: seen }), "都看过了，没勾的就是没有"),
  );
  const tell = () => {
    const ticked = made.querySelectorAll(`input[name="${field}"]:checked`).length;
    summary.textContent = `${FIELDS[field]}：${ticked ? `勾了 ${ticked} 项` : `点开勾选符合的（共 ${marks.length} 项）`}`;
  };
  made.addEventListener("change", tell);
  tell();
  return made;
}

/** What the form holds, as it is sent; what was answered by a tap and is still not ticked stays as it was. */
export function readForm(made, form, told) {
  const given = new FormData(made);
  const count = given.get("child_count");
  const without = [];
  for (const field of ["tags", "enterprise"]) {
    const unticked = form[field].filter((mark) => !given.getAll(field).includes(mark));
    without.push(...(given.has(`${field}_seen`) ? unticked : unticked.filter((mark) => told.without.includes(mark))));
  }
  return {
    birth_year: Number(given.get("birth_year")) || null,
    region: given.get("region") || null,
    children: count ? given.getAll("child") : null,
    tags: given.getAll("tags"),
    enterprise: given.getAll("enterprise"),
    without,
  };
}
