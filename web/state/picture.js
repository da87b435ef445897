/** Pictures that are uploaded as an avatar. */

import { YolkError } from "../client/yolk.js";
import { client } from "./session.js";

const SIDE = 512; // pixels
const UNREADABLE = 2065;

/** Crop a picture to a square around its centre, and upload it. Returns its address, `/files/<id>`. */
export async function uploadSquare(file) {
  return (await client.upload(await squareOf(file), { name: "avatar.jpg" })).url;
}

async function squareOf(file) {
  const picture = await createImageBitmap(file).catch(() => null);
  if (!picture) throw new YolkError("", { code: UNREADABLE });
  const { width, height } = picture;
  const from = Math.min(width, height);
  const side = Math.min(from, SIDE);
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = side;
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff"; // behind what is transparent
  context.fillRect(0, 0, side, side);
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, (width - from) / 2, (height - from) / 2, from, from, 0, 0, side, side);
  picture.close();
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.9));
}
