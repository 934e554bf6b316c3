// Draws a service card: the doors that open, the nearest office, and what to bring as a list to tick off.
import { element, regionName, webAddress } from "./dom.js";

/** One card; a link is drawn only for an address a browser may open. */
export function serviceCard(card) {
  const name = card.related ? `相关事项：${card.name}` : card.name;
  return element(
    "article",
    { class: "service", "aria-label": `事项 ${card.name}` },
    element("h3", {}, name),
    element("p", { class: "detail" }, [card.department, regionName(card.region)].filter(Boolean).join(" · ")),
    element("ul", { class: "doors" }, ...doors(card)),
    facts(card),
    materials(card.materials),
  );
}

function doors({ name, url, mobile_url: mobile, mini_program: program, app_link: app, phone }) {
  const entries = [
    webAddress(url) && link(webAddress(url), `网上办理：${name}`),
    webAddress(mobile) && mobile !== url && link(webAddress(mobile), "手机网页办理"),
    program && element("span", {}, "微信小程序办理（在小程序里打开）"),
    opensApp(app) && element("a", { href: app }, "在 APP 里办理"),
    phone && element("span", {}, "咨询电话：", ...dialled(phone)),
  ];
  return entries.filter(Boolean).map((entry) => element("li", {}, entry));
}

function opensApp(address) {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(address) && !/^(?:javascript|data|vbscript|file|blob):/i.test(address);
}

function link(address, text) {
  return element("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, text);
}

/** The number is one to tap; what stands beside it, such as hours, stays text. */
function dialled(phone) {
  const number = /^[\d-]{5,}/.exec(phone)?.[0];
  return number ? [element("a", { href: `tel:${number}` }, number), phone.slice(number.length)] : [phone];
}

function facts({ time_limit: time, visits, office }) {
  const rows = [
    time && ["办理时限", time],
    visits !== null && ["到现场次数", visits === 0 ? "不用到现场" : `${visits} 次`],
    office && ["最近的办理地点", [office.name, office.address, office.phone].filter(Boolean).join("，")],
    office?.hours && ["服务时间", [office.hours, office.opening].filter(Boolean).join("；")],
  ].filter(Boolean);
  if (rows.length === 0) return null;
  return element("dl", {}, ...rows.flatMap(([term, words]) => [element("dt", {}, term), element("dd", {}, words)]));
}

function materials(list) {
  if (list.length === 0) return null;
  const rows = list.map(({ name, needed, waived, note, form, example }) => {
    const words = [name, note && `（${note}）`, !needed && !waived && "（可以不交）"].filter(Boolean).join("");
    const named = waived
      ? element("span", { class: "waived" }, `✓ 免提交：${words}`)
      : element("label", {}, element("input", { type: "checkbox" }), element("span", {}, words));
    const help = [
      webAddress(form) && link(webAddress(form), `下载空白表格：${name}`),
      webAddress(example) && link(webAddress(example), `查看填写样例：${name}`),
    ].filter(Boolean);
    return element("li", {}, named, ...help);
  });
  return element("details", {}, element("summary", {}, `申请材料 ${list.length} 项，备齐一项勾一项`), element("ul", {}, ...rows));
}
