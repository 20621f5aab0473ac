// Tells of each new order: the orders table's stream calls it.
import { SNSClient, PublishCommand } from "@aws-sdk/client-sns";

const topic = new SNSClient();

export async function handler({ Records }) {
  const placed = Records.filter(({ eventName }) => eventName === "INSERT");
  for (const { dynamodb: { NewImage: { id, total } } } of placed) {
    await topic.send(new PublishCommand({
      TopicArn: process.env.TOPIC_ARN,
      // Neither the customer nor an address: who subscribes is not known here.
      Message: JSON.stringify({ order: id.S, cents: Number(total.N) }),
    }));
  }
  return { published: placed.length };
}
