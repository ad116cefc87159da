"""Texts of the domain ``teller``: what callers tell an automatic bank teller, numbers above all."""

TELLER_WORDS = """
digit: zero, one, two, three, four, five, six, seven, eight, nine
four: {digit} {digit} {digit} {digit}, {digit} {digit} {digit} {digit},
  double {digit} {digit} {digit}
six: {digit} {digit} {digit} {digit} {digit} {digit},
  double {digit} {digit} {digit} {digit} {digit}
two: ten, twenty, thirty, forty, fifty, sixty, seventy, eighty, ninety
sum: {two} pounds, {two} pounds, {digit} hundred pounds, two thousand pounds, five thousand pounds,
  {digit} hundred and {two} pounds
day: first, second, third, fourth, fifth, sixth, tenth, twelfth, twentieth, thirtieth
account: current account, savings account, joint account
card: debit card, credit card
"""

TELLER = {
    "identify": """
My account number is {six}.
The account number is {six}[|, thank you].
My card ends in {four}.
The last four digits are {four}.
My date of birth is the {day} of {month}.
The sort code is {two}, {two}, {two}.
""",
    "balance": """
What is the balance of my {account}?
Please tell me the balance of account {four}.
How much money is in my {account}?
Is there enough money in account {four}?
""",
    "transfer": """
Please transfer {sum} to account {six}.
Transfer {sum} from my {account} to account {four}.
I want to send {sum} to my {account}.
Send {sum} to account {four} on {weekday}.
""",
    "payment": """
Did the payment of {sum} arrive on {weekday}?
I want to pay {sum} on the {day} of {month}.
Please cancel the payment of {sum} to account {four}.
Please pay the bill of {sum} from my {account}.
""",
    "card": """
Please block the {card} ending in {four}.
My {card} expires in {month}.
I lost my {card} on {weekday}, it ends in {four}.
The limit of my {card} should be {sum}.
""",
}
