// Writes a receipt for each new order, and sends it to who has ordered: the
// orders table's stream calls it.
import { S3Client, PutObjectCommand } from "@aws-sdk/client-s3";
import { SESv2Client, SendEmailCommand } from "@aws-sdk/client-sesv2";

const bucket = new S3Client();
const mail = new SESv2Client();

export async function handler({ Records }) {
  const sent = [];
  for (const { eventName, dynamodb } of Records) {
    if (eventName !== "INSERT") continue;
    const { id, email, total, lines } = dynamodb.NewImage;
    const text = receipt(id.S, JSON.parse(lines.S), Number(total.N));
    const key = `receipts/${id.S}.txt`;
    await bucket.send(new PutObjectCommand({ Bucket: "receipts-eu", Key: key, Body: text, ContentType: "text/plain; charset=utf-8" }));
    const { MessageId } = await mail.send(new SendEmailCommand({
      FromEmailAddress: "orders@example.com",
      Destination: { ToAddresses: [email.S] },
      Content: { Simple: { Subject: { Data: `Your order ${id.S}` }, Body: { Text: { Data: text } } } },
    }));
    sent.push({ key, message: MessageId });
  }
  return sent;
}

function receipt(id, lines, total) {
  const euros = (cents) => (cents / 100).toFixed(2).padStart(10);
  const rows = lines.map(({ article, quantity, cents }) => `${String(quantity).padStart(4)} ${article.padEnd(30)}${euros(quantity * cents)}`);
  return [`Order ${id}`, "", ...rows, "", `${"Total".padEnd(35)}${euros(total)}`, ""].join("\n");
}
