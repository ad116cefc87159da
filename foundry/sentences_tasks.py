"""Texts of two domains, smart-home commands and telephone-banking requests, and their words."""

TASK_WORDS = """
room: kitchen, bedroom, living room, bathroom, hallway, garage, dining room, study, nursery, attic,
  basement, guest room, playroom, laundry room, conservatory
lamp: lights, light, ceiling light, floor lamp, desk lamp, reading lamp, night light, spotlights,
  strip lights, chandelier
device: fan, heater, television, radio, coffee machine, dishwasher, washing machine, kettle, oven,
  air purifier, humidifier, vacuum cleaner, speaker, sprinkler, fireplace, dryer, projector
opening: blinds, curtains, shutters, garage door, front gate, skylight, awning, window
door: front door, back door, side door, balcony door, garden gate, cellar door
shade: red, blue, green, purple, orange, pink, yellow, turquoise, warm white, cool white, violet
percent: five, ten, fifteen, twenty, twenty-five, thirty, forty, fifty, sixty, seventy,
  seventy-five, eighty, ninety
degrees: sixteen, seventeen, eighteen, nineteen, twenty, twenty-one, twenty-two, twenty-three
minutes: two, three, five, eight, ten, twelve, fifteen, twenty, thirty, forty-five, ninety
hour: one, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve
clock: o'clock, fifteen, twenty, thirty, forty, forty-five, ten
daypart: morning, afternoon, evening, night
music: jazz, rock, classical music, folk songs, piano music, soul, blues, opera, dance music,
  the news, rain sounds, whale songs, my workout list, some reggae, a podcast, bird song
routine: good morning, movie night, bedtime, dinner, party, holiday, reading, away, focus, sunset
item: milk, bread, eggs, tomatoes, butter, batteries, soap, onions, coffee, light bulbs, rice,
  apples, cheese, paper towels, olive oil, toothpaste, flour, bananas
chore: feed the cat, water the plants, take out the bins, call the plumber, charge the car,
  defrost the freezer, descale the kettle, walk the dog, change the filter, empty the dishwasher
alarm: smoke alarm, burglar alarm, motion sensor, doorbell, security camera, baby monitor
month: January, February, March, April, May, June, July, August, September, October, November,
  December
weekday: Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday
amount: fifty, eighty, one hundred, two hundred, two hundred and fifty, four hundred, six hundred,
  nine hundred, one thousand, fifteen hundred, two thousand, three thousand
cash: ten, twenty, thirty, forty, sixty, eighty, ninety, one hundred and ten
money: pounds, euros, dollars
account: current account, savings account, checking account, student account, business account,
  joint account, foreign currency account
card: debit card, credit card, bank card, cash card, company card, prepaid card
payee: landlord, sister, brother, accountant, son, daughter, employer, dentist, solicitor, supplier,
  housemate, builder
bill: electricity, water, phone, gas, internet, council tax, insurance, hospital, credit card, rent
country: France, Spain, Japan, Brazil, Canada, Italy, Kenya, India, Norway, Mexico, Turkey, Greece,
  Portugal, Thailand, Morocco, Argentina
abroad: abroad, overseas, on holiday, outside the country
shop: bakery, hair salon, workshop, restaurant, farm shop, nursery, bookshop, cleaning company,
  print shop, garden centre, taxi company, physiotherapy practice
direct: gym, magazine, streaming service, charity, broadband provider, water company, insurer,
  football club, telephone company, energy supplier
wait: yesterday, last week, this morning, on {weekday}, at the weekend, two days ago, in {month}
partner: wife, husband, partner, mother, father, flatmate, business partner, roommate
polite: please, if you can, thank you, as soon as possible
opener: Hello, Hi there, Good morning, Good afternoon, Excuse me, Yes hello, Sorry to bother you
"""

HOME = """
[|Please] turn [on|off] the {room} {lamp}[|, please].
[Turn|Switch] the {lamp} [on|off] in the {room}.
[Switch|Turn] [on|off] the {device}[| in the {room}].
[|Could you] dim the {room} {lamp} to {percent} percent[|, please].
Set the {lamp} in the {room} to {shade}.
Make the {room} {lamp} [brighter|darker|a little warmer|a bit softer].
Set the [heating|thermostat|temperature][| in the {room}] to {degrees} degrees.
[Make it|I want it] [warmer|cooler] in the {room}.
[Raise|Lower] the temperature in the {room} by [one degree|two degrees|three degrees].
[Open|Close] the {opening} in the {room}[|, please].
[Open|Close|Lower|Raise] the {room} {opening} [now|halfway|all the way|at sunset].
[Lock|Unlock] the {door}[| now|, please| for the delivery].
Is the {door} [locked|open|still unlocked|closed]?
Play {music} in the {room}.
[Stop|Pause|Resume] the music in the {room}.
Turn the volume [up|down] [|in the {room} ]to {percent} percent.
Set [a timer|an alarm] for {minutes} minutes[|, please].
Set a {minutes} minute timer for the [eggs|pasta|oven|tea|rice|cake|laundry|bread].
Wake me up at {hour} {clock} [tomorrow|on {weekday}|in the morning].
Remind me to {chore} [at {hour} {clock}|on {weekday}|tonight|tomorrow {daypart}|in an hour].
Add {item} to [the|my] shopping list.
[Take|Remove] {item} [off|from] the shopping list.
Start the {routine} routine[| in the {room}| at {hour} {clock}].
Start the {device} [at {hour} {clock}|in {minutes} minutes|when I leave|before dinner].
[Arm|Disarm|Test|Mute] the {alarm}[| in the {room}].
Show me the [camera|picture] at the {door}.
Did [anyone|somebody] [ring the bell|come to the {door}] this {daypart}?
What is the [temperature|humidity] in the {room}?
[Clean|Vacuum] the {room} [now|on {weekday}|after breakfast|while I'm out].
Turn everything off [in the {room}|at {hour} {clock}|when I go to bed].
How long [is left on|until the end of] the [timer|washing machine|dryer|dishwasher]?
Leave the {room} {lamp} on until {hour} {clock}.
"""

BANKING = {
    "abroad": """
[|{opener}, ]I'm going to {country} in {month}, will my {card} work there?
[Can I|How do I|Am I able to] use my {card} in {country}?
Do you charge [a fee|extra|commission] when I pay {abroad} in {country}?
I'd like to tell you that I'm travelling to {country} [next week|on {weekday}|in {month}].
My {card} was declined in {country} {wait}.
What is the exchange rate for [paying|withdrawing cash] in {country}?
I'm {abroad} at the moment and my {card} [is refused|doesn't work|is being declined].
Which cash machines can I use [in {country}|{abroad}] without a charge?
[|{opener}, ]please allow payments from {country} until {month}.
""",
    "address": """
[|{opener}, ]I've moved house and need to change my address[|, {polite}].
[Could you|Can you|Please] update my [postal|home|billing] address[| before {month}]?
My new address [isn't|is not] on the letters for my {account}.
[I moved|We moved] {wait}, how do I give you the new address?
My statements still go to my old [flat|house|street|postcode].
Please send the post for my {account} to my [work|new|parents'] address.
I want to correct the [postcode|street|house number|spelling] in my address.
What proof of address do you need for the {account}?
The address on my {card} statement is [wrong|out of date|my neighbour's].
""",
    "app_error": """
[|{opener}, ]the banking app [crashes|freezes|closes] when I open my {account}.
I can't log in to the app [since the update|any more|since {weekday}|with my fingerprint].
The app [keeps saying|tells me] that my password is [wrong|expired|too short].
Your mobile app shows an error when I [pay|transfer|scan a cheque|open a statement].
[My phone says|It says] the app is [not supported|out of date] on my device.
The app doesn't [show|load|update] the balance of my {account}.
Online banking has been [down|very slow|unavailable] since {weekday}.
The verification code for the app never [arrives|works|comes through].
I get an error message every time I [sign in|tap transfer|add a payee|open the app].
I installed the app on {weekday} and it [won't start|hangs|rejects my {card}].
""",
    "atm_limit": """
[|{opener}, ]how much cash can I [take out|withdraw] [a day|at once|per week]?
I'd like to raise my withdrawal limit to {amount} {money}.
What is the [daily|weekly] cash limit on my {card}?
The cash machine only gave me {cash} {money}.
[Can you|Could you|Please] lower the cash machine limit on my {card} to {amount}?
I need to withdraw {amount} {money} [today|on {weekday}|at once], is that possible?
Why can't I take more than {amount} {money} out with my {card}?
The machine told me I reached my limit {wait}.
Please double the withdrawal limit until {month}.
""",
    "balance": """
[|{opener}, ]what's the balance [of|on] my {account}?
[Could you|Can you|Please] tell me how much [money|cash] I have in my {account}?
How much is left on my {card}[| after the rent| until {weekday}]?
I'd like to [check|hear|know] my balance[|, {polite}].
Do I have enough in my {account} for {amount} {money}?
Is my {account} overdrawn[| since {weekday}]?
What was my balance [on {weekday}|at the end of {month}|before the transfer]?
How far into my overdraft [am I|is my {account}]?
Has my salary reached my {account} [yet|this {month}]?
""",
    "business_loan": """
[|{opener}, ]I'd like to [apply for|ask about] a business loan.
I want to open a {shop} and need a loan of {amount} {money}.
What interest do you charge on a business loan for a {shop}?
Can my {shop} [borrow|get a loan of] {amount} {money}[| over five years]?
How long does [a decision|approval] take on a [business|company] loan?
Which documents do I need [for|to apply for] a loan for my {shop}?
I'd like an appointment about financing my {shop} [on {weekday}|in {month}].
Can I repay the loan for my {shop} early?
We need money for new equipment in our {shop}, do you lend to [start-ups|small firms]?
My {shop} wants to refinance its loan before {month}.
""",
    "card_issues": """
[|{opener}, ]my {card} [isn't working|doesn't work|won't scan|is damaged].
My {card} was swallowed by the machine {wait}.
The chip on my {card} is [scratched|broken|not read by any terminal].
My new {card} hasn't [arrived|come] yet, I ordered it {wait}.
[Contactless|The magnetic strip] on my {card} [stopped working|fails in every shop].
I've forgotten the pin of my {card}.
I typed the wrong pin three times and my {card} is [locked|refused].
The name on my {card} is spelled wrong.
My {card} expires in {month}, will I get a replacement?
I need a [replacement|second|new] {card}[| before {month}|, mine is cracked].
""",
    "cash_deposit": """
[|{opener}, ]how can I [pay in|deposit] cash[| at the weekend| on {weekday}]?
I'd like to deposit {amount} {money} into my {account}.
Which branch accepts [coins|cash|notes|foreign notes] on {weekday}?
The deposit machine [kept|counted|rejected] my {cash} {money}.
I paid in {amount} {money} {wait} and it isn't on my {account}.
Is there a limit for [cash deposits|paying in cash]?
Can somebody else pay cash into my {account}?
How long does a cash deposit of {amount} {money} take?
Do you charge for [counting|paying in] coins from my {shop}?
""",
    "direct_debit": """
[|{opener}, ]I want to [cancel|stop|pause] the direct debit to my {direct}.
My {direct} took the direct debit twice {wait}.
How do I set up a direct debit for my {direct}?
[Please|Could you] change the date of my {direct} direct debit to the [first|tenth|last day].
There's a direct debit from a {direct} that I don't recognise.
Why was the direct debit to my {direct} [returned|refused|not paid] {wait}?
Can I get my money back for a direct debit from the {direct}?
Which direct debits [leave|are set up on] my {account}?
Move all my direct debits to the {account}, please.
The {direct} raised its direct debit without telling me.
""",
    "freeze": """
[|{opener}, ]please [freeze|block] my {card}[| at once| right away|, {polite}].
I've lost my {card}, [freeze|block] it please.
My [wallet|purse|handbag|phone] was stolen {wait}, please block my {card}.
Someone [is using|has used|copied] my {card}, I need to freeze it.
I think I left my {card} in a [taxi|restaurant|hotel|train] in {country}.
I found my {card}, can you unfreeze it[|, {polite}]?
Can I freeze my {account} [myself|until {weekday}|for a month]?
There was a fraudulent payment of {amount} {money}, block the {card}.
Freeze the {account}, I think [I was scammed|somebody has my password].
""",
    "high_value_payment": """
[|{opener}, ]I need to [transfer|send] {amount} {money} to my {payee}.
I'm buying a [house|car|boat|flat] and have to send a large payment[| on {weekday}].
What is the highest amount I can [transfer|pay] in one day?
How do I send more than {amount} {money} to {country}?
My transfer of {amount} {money} to my {payee} was [stopped|held|rejected].
When will the {amount} {money} reach my {payee}?
Does a same day transfer of {amount} {money} cost anything?
I must pay the deposit to my {payee} today, please raise my transfer limit.
I'd like to confirm the large payment to my {payee} {wait}.
""",
    "joint_account": """
[|{opener}, ]I'd like to open a joint account with my {partner}.
Can I add my {partner} to my {account}?
What [documents|papers] do my {partner} and I need for a joint account?
Does my {partner} have to [come along|sign|be present] for the joint account?
We want to [close|change|rename] our joint account [in {month}|on {weekday}].
Can my {partner} and I both have a {card} for the joint account?
How do I remove my {partner} from our joint account?
Who is liable for the overdraft on a joint account with my {partner}?
Is it possible to turn my {account} into a joint one with my {partner}?
""",
    "latest_transactions": """
[|{opener}, ]what were my [last|latest|most recent] transactions?
[Could you|Please] read me the last [three|four|five|ten] transactions on my {account}[|, please].
What did I spend on my {card} [in {month}|last week|on {weekday}]?
There's a payment of {amount} {money} on {weekday} that I don't remember.
Has the payment from my {payee} [arrived|cleared|come in]?
Send me [a statement|a list of payments] for {month}.
Did the refund of {cash} {money} [reach|show up on] my {account}?
I'd like to see every transaction above {amount} {money} [since|in] {month}.
Which payments left my {account} {wait}?
""",
    "pay_bill": """
[|{opener}, ]I'd like to pay my {bill} bill[|, {polite}].
[Can I|How do I] pay the {bill} bill [by phone|from my {account}|with my {card}]?
Pay {amount} {money} to the {bill} company [on {weekday}|today|from my {account}].
My {bill} bill is due on {weekday}, can you pay it now?
Please schedule the {bill} payment for the [first|third|fifth] of {month}.
I want to pay {cash} {money} towards my {bill} bill.
Did my {bill} bill get paid {wait}?
The reference number on my {bill} bill is [too long|missing|refused].
I paid the {bill} bill twice {wait}.
""",
}
