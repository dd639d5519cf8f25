"""RAPPORT_TOKEN=... python example.py http://127.0.0.1:50051 CUSTOMER_ID"""

import asyncio
import os
import sys

from rapport_client import RapportError, connect, watch
from rapport_client.v1 import interaction_pb2 as v1
from rapport_client.v1.interaction_pb2_grpc import InteractionServiceStub


async def main(url: str, customer_id: str) -> None:
    async with connect(url, lambda: os.environ["RAPPORT_TOKEN"]) as channel:
        interactions = InteractionServiceStub(channel)
        call = v1.Interaction(channel=v1.CHANNEL_INBOUND_CALL, outcome=v1.OUTCOME_ANSWERED, customer_id=customer_id)
        call.topic = "Opening hours"
        call.requested_time.GetCurrentTime()
        recorded = await interactions.RecordInteraction(v1.RecordInteractionRequest(interaction=call))
        print("recorded", recorded.interaction_id)
        mine = v1.InteractionFilter(customer_id=customer_id)
        for one in (await interactions.ListInteractions(v1.ListInteractionsRequest(filter=mine))).interactions:
            print("listed", one.interaction_id, one.topic)
        watched = v1.WatchInteractionsRequest(customer_id=customer_id)
        async for response in watch(interactions.WatchInteractions, watched):
            print("watched" if response.HasField("event") else "watching", response.event.interaction.topic, flush=True)


if __name__ == "__main__":
    try:
        asyncio.run(main(*sys.argv[1:]))
    except RapportError as error:
        sys.exit(str(error))
