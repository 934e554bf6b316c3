/** Make an element. Strings become text nodes, never markup. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "onclick") made.addEventListener("click", value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== false && child !== ""));
  return made;
}

/** A small picture in the colour of the words beside it; drawn, because not every machine has emoji. */
export function drawing(outline, name) {
  const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  picture.setAttribute("viewBox", "0 0 24 24");
  picture.setAttribute("class", `drawing ${name}`);
  picture.setAttribute("aria-hidden", "true");
  path.setAttribute("d", outline);
  picture.append(path);
  return picture;
}

/** The address if it is one a browser may open from a link, else null. */
export function webAddress(url) {
  return /^https?:\/\//i.test(url ?? "") ? url : null;
}

/** 《标题》（文号）, as documents name each other. */
export function documentName({ title, doc_number: number }) {
  const named = /^《.*》$/.test(title) ? title : `《${title}》`;
  return `${named}${number ? `（${number}）` : ""}`;
}

/** Where in the document: 第X条, or “办理材料” where the text has headings only. */
export function placeName({ article, heading_path: headings }) {
  return article || (headings.length ? `“${headings.at(-1)}”` : "");
}

export function citedAs(citation) {
  return documentName(citation.document) + placeName(citation);
}

export function regionName(region) {
  return region.split("/").join(" ");
}
