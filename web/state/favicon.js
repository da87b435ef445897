/** The number of unread messages on the icon of the tab, and on that of the installed page. */

const SIZE = 64;
const HEIGHT = 42;

const link = document.querySelector("link[rel=icon]");
const plain = { href: link.href, type: link.type };

let wanted = 0;
let loading = null;

/** Show a number on the icon; with 0 the icon alone. */
export async function showCount(count) {
  wanted = count;
  // The installed page has a badge of its own; other pages are refused.
  (count ? navigator.setAppBadge?.(count) : navigator.clearAppBadge?.())?.catch(() => {});
  if (count === 0) return void Object.assign(link, plain);
  loading ??= load();
  const picture = await loading;
  if (wanted === count) Object.assign(link, { href: draw(picture, count > 99 ? "99+" : String(count)), type: "image/png" });
}

async function load() {
  const picture = new Image(SIZE, SIZE);
  picture.src = plain.href;
  await picture.decode();
  return picture;
}

function draw(picture, text) {
  const canvas = Object.assign(document.createElement("canvas"), { width: SIZE, height: SIZE });
  const context = canvas.getContext("2d");
  context.drawImage(picture, 0, 0, SIZE, SIZE);
  const width = [0, HEIGHT, 54, SIZE][text.length];
  context.fillStyle = "#c02f1a";
  context.beginPath();
  context.roundRect(SIZE - width, SIZE - HEIGHT, width, HEIGHT, HEIGHT / 2);
  context.fill();
  context.fillStyle = "#ffffff";
  context.font = `700 ${text.length > 2 ? 30 : 36}px Arial, sans-serif`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(text, SIZE - width / 2, SIZE - HEIGHT / 2 + 2, width - 8);
  return canvas.toDataURL();
}
