// A page opened without the #quote fragment still shows the quoted words first.
const quote = document.getElementById("quote");
if (quote) {
  quote.scrollIntoView({ block: "center" });
  quote.focus({ preventScroll: true });
}
